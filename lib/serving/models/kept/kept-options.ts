import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActivationName, LearnerOptions } from '../../../learner/fastai/contract.js';
import { pathInside } from '../../../learner/onnx/proto/external-files.js';
import type { Model, ModelMetadata } from '../../store/index.js';
import { fromMaps, isPlainObject } from '../../store/records.js';
import { InvalidKeptOptionError } from '../errors.js';

/** The key in `options` of model.yaml. BentoML ignores keys that it does not know. */
const KEY = 'vts_load';
/** Folders of a model, for files that its options name. */
export const ONNX_FOLDER = 'onnx';
export const CODE_FOLDER = 'code';
export const TOKENIZER_FOLDER = 'tokenizer';

/** The most files in such a folder; models have few. */
const MOST_FILES = 256;
const ACTIVATIONS: readonly string[] = ['none', 'softmax', 'sigmoid'] satisfies ActivationName[];

/**
 * The saved options of a learner or model, as plain data that can be sent to a worker. Files are
 * absolute paths.
 */
export interface KeptOptions {
  readonly onnx?: string;
  readonly code?: readonly { readonly name: string; readonly path: string }[];
  readonly activation?: ActivationName | readonly ActivationName[];
  readonly trainingOnly?: readonly string[];
  readonly tokenizer?: string;
}

/** The same, in the form of model.yaml, which is written before the files. */
export interface WrittenOptions {
  /** The file in {@link ONNX_FOLDER}. */
  readonly onnx?: string;
  /** The files in {@link CODE_FOLDER}, in order. */
  readonly code?: readonly string[];
  readonly activation?: ActivationName | readonly ActivationName[];
  readonly trainingOnly?: readonly string[];
  /** The SentencePiece model in {@link TOKENIZER_FOLDER}. */
  readonly tokenizer?: string;
}

/** `options` of model.yaml; empty if there is nothing to save. */
export function writtenOptions(options: WrittenOptions): Record<string, ModelMetadata> {
  const { onnx, code, activation, trainingOnly, tokenizer } = options;
  const kept = {
    ...(onnx !== undefined && { onnx }),
    ...(code && code.length > 0 && { code }),
    ...(activation !== undefined && { activation }),
    ...(trainingOnly && trainingOnly.length > 0 && { training_only: trainingOnly }),
    ...(tokenizer !== undefined && { tokenizer }),
  };
  return Object.keys(kept).length === 0 ? {} : { [KEY]: kept };
}

/**
 * Reads the options saved with a model of a store.
 *
 * @throws InvalidKeptOptionError for options in model.yaml that are not valid.
 */
export function keptOptions(model: Model): KeptOptions {
  const saved = fromMaps(model.info.options[KEY]);
  if (saved === undefined) return {};
  const refuse = (fact: string): never => {
    throw new InvalidKeptOptionError(model.tag.toString(), fact);
  };
  if (!isPlainObject(saved)) return refuse(`${KEY} is not a map`);
  const { onnx, code, activation, training_only: trainingOnly, tokenizer } = saved;
  const fileIn = (folder: string, name: unknown): string => {
    const path = typeof name === 'string' ? pathInside(join(model.path, folder), name) : undefined;
    return path ?? refuse(`${JSON.stringify(name)} is not a file in its folder ${folder}`);
  };
  const listOf = (value: unknown, name: string): readonly string[] => {
    const isList = Array.isArray(value) && value.length <= MOST_FILES;
    if (isList && value.every((item) => typeof item === 'string')) return value as string[];
    return refuse(`${KEY}.${name} is not a list of at most ${MOST_FILES} names`);
  };
  const named = Array.isArray(activation) ? listOf(activation, 'activation') : [activation];
  if (activation !== undefined && !named.every((name) => ACTIVATIONS.includes(name as string))) {
    return refuse(`${KEY}.activation is not one of ${ACTIVATIONS.join(', ')}, or a list of them`);
  }
  return {
    ...(onnx !== undefined && { onnx: fileIn(ONNX_FOLDER, onnx) }),
    ...(code !== undefined && {
      code: listOf(code, 'code').map((name) => ({ name, path: fileIn(CODE_FOLDER, name) })),
    }),
    ...(activation !== undefined && {
      activation: activation as ActivationName | readonly ActivationName[],
    }),
    ...(trainingOnly !== undefined && { trainingOnly: listOf(trainingOnly, 'training_only') }),
    ...(tokenizer !== undefined && { tokenizer: fileIn(TOKENIZER_FOLDER, tokenizer) }),
  };
}

/** In the form that `Learner.load` takes. */
export async function loadedOptions(
  kept: KeptOptions,
): Promise<Pick<LearnerOptions, keyof KeptOptions>> {
  const { code, ...others } = kept;
  if (code === undefined) return others;
  const texts = code.map(async ({ name, path }) => ({ name, text: await readFile(path, 'utf8') }));
  return { ...others, code: await Promise.all(texts) };
}
