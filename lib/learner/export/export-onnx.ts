import type { LearnerOptions } from '../fastai/contract.js';
import type { BaseLearner } from '../fastai/base-learner.js';
import { TorchModel, type TorchModelOptions } from '../pytorch/index.js';
import type { ExportedModel, ExportOptions } from './options.js';
import type { Subject } from './subject.js';

/** A loaded learner or model of the PyTorch layer, or its file. */
export type Exportable =
  | BaseLearner
  | TorchModel
  | { readonly learner: string | Uint8Array; readonly options?: LearnerOptions }
  | { readonly module: string | Uint8Array; readonly options?: TorchModelOptions };

/**
 * Writes a learner's model, or one of the PyTorch layer, as a standard ONNX file: `model.onnx` in
 * `folder`, `labels.txt` with the classes, `vocab.txt` with the tokens of texts. The graph includes
 * the activation of the loss (`probabilities`, as `learner.predict` gives them) and fastai's
 * normalization. The file is loaded again and compared with the model before it is moved to
 * `folder`.
 *
 * - Images: `image`, uint8 [batch, channels, height, width], decoded and resized.
 * - Rows: `cat`, int64 [batch, columns], the codes of categories; `cont`, float64 [batch, columns],
 *   raw numbers, NaN for a missing value.
 * - Texts: `ids`, int64 [batch, length], short rows padded on the right with the id of `xxpad`.
 * - Language models: `ids` and `state`; `logits`, `next_state` and `encoded`.
 * - Arrays, several inputs, and models of the PyTorch layer: the model's own input tensors.
 *
 * `metadata_props` hold the rest: kind, task, classes, vocab, and the preprocessing that the caller
 * does.
 *
 * @example
 * const learner = await Learner.load('export.pkl');
 * const { path, inputs } = await exportOnnx(learner, 'exported');
 *
 * @throws UnexportableModelError if no single graph holds the model, if the opset lacks an
 * operator, or if the learner was loaded with `onnx` or `quantize`.
 * @throws ExportMismatchError if the file gives different numbers than the model.
 * @throws ExportTargetError if a file already exists and `overwrite` is not set.
 *
 * @publicApi
 */
export async function exportOnnx(
  model: Exportable,
  folder: string,
  options: ExportOptions = {},
): Promise<ExportedModel> {
  // The package installs only names when it loads.
  const { place, withExport } = await import('./write-export.js');
  return withExport(await subjectOf(model, options), folder, options, async (written) => {
    const { folder: _, names: __, ...facts } = written;
    const files = await place(written, folder, options);
    return { ...facts, path: files[0]!, files };
  });
}

export async function subjectOf(model: Exportable, options: ExportOptions): Promise<Subject> {
  if (model instanceof TorchModel || 'module' in model) {
    const { torchSubject } = await import('./torch-subject.js');
    const { source, options: load } =
      model instanceof TorchModel
        ? model.origin
        : { source: model.module, options: model.options ?? {} };
    return torchSubject(source, load);
  }
  const { learnerSubject } = await import('./learner-subject.js');
  return 'learner' in model
    ? learnerSubject(model.learner, model.options ?? {}, options)
    : learnerSubject(model.source, model.options, options);
}
