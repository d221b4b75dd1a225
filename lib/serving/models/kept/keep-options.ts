import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { LearnerOptions } from '../../../learner/fastai/contract.js';
import { externalFiles } from '../../../learner/onnx/proto/external-files.js';
import type { CodeSources } from '../../../learner/python/code-source.js';
import type { ModelMetadata } from '../../store/index.js';
import { NotKeptOptionError } from '../errors.js';
import { CODE_FOLDER, ONNX_FOLDER, TOKENIZER_FOLDER, writtenOptions } from './kept-options.js';
import { copyOnnx } from './onnx-files.js';

/** `Learner.load` options that are saved with a model and used whenever it is loaded. */
export type KeepableOptions = Pick<
  LearnerOptions,
  'onnx' | 'code' | 'activation' | 'trainingOnly' | 'tokenizer'
>;

/** What goes into model.yaml, and the files that belong to it. */
export interface OptionsToKeep {
  readonly options: Record<string, ModelMetadata>;
  writeTo(folder: string): Promise<void>;
}

/**
 * @throws NotKeptOptionError for an ONNX file that cannot be copied. @throws The errors of reading
 * the source, and the SentencePiece model.
 */
export async function optionsToKeep({
  onnx,
  code,
  tokenizer,
  ...others
}: KeepableOptions): Promise<OptionsToKeep> {
  const sources = code === undefined ? [] : await textsOf(code);
  const pieces = tokenizer === undefined ? undefined : await piecesOf(tokenizer);
  const tokenizerName = typeof tokenizer === 'string' ? basename(tokenizer) : 'spm.model';
  const onnxName = typeof onnx === 'string' ? basename(onnx) : 'model.onnx';
  return {
    options: writtenOptions({
      ...others,
      ...(onnx !== undefined && { onnx: onnxName }),
      code: sources.map(({ name }) => name),
      ...(pieces && { tokenizer: tokenizerName }),
    }),
    async writeTo(folder) {
      if (onnx !== undefined) await writeOnnx(onnx, join(folder, ONNX_FOLDER), onnxName);
      if (pieces) {
        await mkdir(join(folder, TOKENIZER_FOLDER), { recursive: true });
        await writeFile(join(folder, TOKENIZER_FOLDER, tokenizerName), pieces);
      }
      for (const { name, text } of sources) {
        const path = join(folder, CODE_FOLDER, name);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, text);
      }
    },
  };
}

/** Writes the files under names that make their modules importable. @throws CodeFileError */
async function textsOf(code: CodeSources): Promise<readonly { name: string; text: string }[]> {
  const { SourceFiles } = await import('../../../learner/python/source/index.js');
  return (await SourceFiles.read(code)).kept();
}

/** @throws TokenizerOptionError, SentencePieceModelError */
async function piecesOf(tokenizer: unknown): Promise<Uint8Array> {
  const { checkedModel } =
    await import('../../../learner/fastai/text/sentencepiece/given-model.js');
  return checkedModel(tokenizer);
}

async function writeOnnx(onnx: string | Uint8Array, folder: string, name: string): Promise<void> {
  const refused = (fact: string, remedy: string): NotKeptOptionError =>
    new NotKeptOptionError('onnx', fact, remedy);
  await mkdir(folder, { recursive: true });
  if (typeof onnx === 'string') return copyOnnx(onnx, folder, name, refused);
  const files = externalFiles(onnx);
  if (files === undefined || files.size > 0) {
    throw files
      ? refused('bytes whose tensors are in other files', 'Give the path of the .onnx file.')
      : refused('bytes that are not an ONNX model', 'Export it with torch.onnx.export().');
  }
  await writeFile(join(folder, name), onnx);
}
