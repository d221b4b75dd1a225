import { sharingCode } from '../onnx/tracing/read-sources.js';
import type { CapturedGraph } from '../onnx/session/capture-graph.js';
import type { LearnerOptions } from '../fastai/contract.js';
import { openLearnerFile, type LearnerFile } from '../fastai/learner-file.js';
import { Learner } from '../fastai/learner.js';
import { inputsOf } from '../fastai/mixed/input-record.js';
import { operatorOf } from '../fastai/losses/activations.js';
import type { Loss } from '../fastai/losses/loss.js';
import { openLoss } from '../fastai/losses/open-loss.js';
import { LMLearner } from '../fastai/text/lm/lm-learner.js';
import { activationOf, severalResults, type Activation } from './activation.js';
import { UnexportableModelError } from './errors.js';
import { wrapImages } from './images.js';
import type { ExportOptions } from './options.js';
import { wrapRows } from './rows.js';
import { sampleItem } from './sample-item.js';
import type { OpenSubject, Subject } from './subject.js';
import { wrapArrays, wrapLanguage, wrapSeveral } from './tensors.js';
import { wrapTexts, type TextFacts } from './texts.js';
import type { Wrapping } from './wrapping.js';

/** @throws UnexportableModelError if the learner runs differently than its file says. */
export async function learnerSubject(
  source: string | Uint8Array,
  load: LearnerOptions,
  options: ExportOptions,
): Promise<Subject> {
  refuseOverrides(load);
  const { cacheFolder: _, ...own } = sharingCode(load);
  const file = openLearnerFile(source);
  try {
    const loss = await openLoss(file, own);
    return {
      async open() {
        const learner = (await Learner.load(source, own)) as Learner | LMLearner;
        return learner instanceof LMLearner ? openLanguage(learner) : openPlain(learner, options);
      },
      wrap: (captured) => wrapOf(file, own, captured, options),
      activation: async ({ graph }) => {
        if (file.kind === 'lm') return { after: undefined, name: 'none' };
        // Of three results of a text learner, its callbacks leave the first.
        if (graph.outputs.length > 1 && !file.className.endsWith('.TextLearner')) {
          throw severalResults(graph.outputs.length);
        }
        if (options.raw) return { after: undefined, name: 'none' };
        return activationOf(loss, graph.outputs[0]!);
      },
      rowsFirst: file.kind !== 'lm',
      outputName: (activation) => nameOf(file, activation, loss, options),
      async release() {
        file.torchFile.close();
        await loss.release?.();
      },
    };
  } catch (error) {
    file.torchFile.close();
    throw error;
  }
}

function refuseOverrides({ onnx, quantize }: LearnerOptions): void {
  if (onnx !== undefined) {
    throw new UnexportableModelError(
      'The learner runs an ONNX file instead of its own model',
      'Use that file: other programs can load it already',
    );
  }
  if (quantize !== undefined) {
    throw new UnexportableModelError(
      'The learner was loaded with quantize: its graph has operators that only onnxruntime ' +
        'implements (com.microsoft.DynamicQuantizeMatMul)',
      'Load it without quantize, and quantize the exported file with the tools of the other server',
    );
  }
}

function wrapOf(
  file: LearnerFile,
  load: LearnerOptions,
  { graph, facts }: CapturedGraph,
  options: ExportOptions,
): Wrapping {
  switch (file.kind) {
    case 'vision':
      return wrapImages(file, load, graph, options);
    case 'tabular':
    case 'collab':
      return wrapRows(file, graph, options);
    case 'text':
      return wrapTexts(graph, facts as TextFacts | null);
    case 'lm':
      return wrapLanguage(graph, (facts as { vocabSize: number }).vocabSize);
    case 'mixed':
      return wrapSeveral(graph, inputsOf(file));
    default:
      return wrapArrays(graph);
  }
}

function nameOf(
  { kind }: LearnerFile,
  activation: Activation,
  loss: Loss,
  { raw = false }: ExportOptions,
): string | undefined {
  if (kind === 'lm') return undefined;
  if (raw) return operatorOf(loss.activation)?.op === 'Identity' ? 'output' : 'logits';
  return ['softmax', 'sigmoid'].includes(activation.name) ? 'probabilities' : 'output';
}

function openPlain(learner: Learner, { raw = false }: ExportOptions): OpenSubject {
  const { description, kind } = learner;
  const { columns: _, ...facts } = description;
  return {
    facts: { ...facts, learner: learner.className },
    ...(description.classes && { classes: description.classes }),
    ...(kind === 'text' && { tokens: tokensOf(learner) }),
    sampleItem: () => sampleItem(learner),
    ask: async (item) => {
      const [predictions] = await learner.getPreds([item]);
      return raw ? undefined : predictions;
    },
    release: () => learner.release(),
  };
}

/** `dls.vocab` of a text learner: the tokens, or the tokens and the classes. */
function tokensOf({ vocab }: Learner): readonly string[] {
  const [first] = vocab;
  return (Array.isArray(first) ? first : vocab) as readonly string[];
}

function openLanguage(learner: LMLearner): OpenSubject {
  return {
    facts: { ...learner.description, learner: learner.className },
    tokens: learner.vocab,
    sampleItem: () => 'The quick brown fox',
    ask: async (item) => {
      await learner.getPreds([item as string]);
      return undefined;
    },
    release: () => learner.release(),
  };
}
