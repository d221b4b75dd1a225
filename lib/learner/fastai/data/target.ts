import type { Tensor } from 'onnxruntime-common';
import { asItems, PyObject, type PyValue } from '../../torch/index.js';
import type { DecodedTarget } from '../contract.js';
import { UndecodedTargetError, UnsupportedTargetError } from '../errors.js';
import { withBases } from './class-bases.js';
import { isOfFastai, qualifiedName, transformName } from './pipeline.js';
import { categoryNames, readVocab } from './vocab.js';

/** Decodes one row of `dec_preds` into fastai's first element of `predict`. */
export interface Target {
  /** Class names, where the target is a category. */
  readonly vocab: readonly string[] | undefined;
  /** As the transforms show it; a loss may turn one class into several labels. */
  readonly task: 'classify' | 'multilabel' | 'regress';
  decode(target: Tensor): DecodedTarget;
}

/**
 * `TfmdLists.decode`: the last transform first. Transforms without `decodes` (readers, labelling
 * functions, even undefined ones) do nothing.
 */
export function readTarget(transforms: readonly PyValue[]): Target {
  let vocab: readonly string[] | undefined;
  let task: Target['task'] = 'regress';
  const steps: ((value: Decoding) => Decoding)[] = [];
  for (const transform of transforms) {
    const step = readStep(transform);
    if (step === undefined) continue;
    vocab ??= step.vocab;
    task = step.task ?? task;
    steps.unshift(step.decode);
  }
  return {
    vocab,
    task,
    decode: (target) => {
      let value: Decoding = { values: numbersOf(target), target, decoded: undefined };
      for (const step of steps) value = step(value);
      return value.decoded ?? plain(value);
    },
  };
}

/** A target during decoding: its numbers, and names once a vocabulary was applied. */
interface Decoding {
  readonly target: Tensor;
  readonly values: readonly number[];
  readonly decoded: DecodedTarget | undefined;
}

interface Step {
  readonly vocab?: readonly string[];
  readonly task?: Target['task'];
  decode(value: Decoding): Decoding;
}

function readStep(transform: PyValue): Step | undefined {
  const name = transformName(transform);
  switch (name) {
    case 'Categorize':
    case 'MultiCategorize':
    case 'EncodedMultiCategorize': {
      const items = readVocab((transform as PyObject).attr('vocab'));
      const vocab = categoryNames(items);
      const decoders: Record<typeof name, (value: Decoding) => DecodedTarget> = {
        Categorize: (value) => category(items, vocab, value),
        MultiCategorize: ({ values }) => labelsAt(items, values),
        EncodedMultiCategorize: ({ values }) => labelsAt(items, hot(values)),
      };
      const decode = decoders[name];
      const task = name === 'Categorize' ? 'classify' : 'multilabel';
      return { vocab, task, decode: (value) => decided(value, decode(value)) };
    }
    case 'OneHotEncode':
      return {
        decode: ({ target, values, decoded }) => ({ target, values: hot(values), decoded }),
      };
    case 'RegressionSetup':
      return { decode: (value) => decided(value, plain(value)) };
    default:
      // A labelling function or reader has no decodes; a user's own Transform might.
      if (isOfFastai(transform) || !decodesItself(transform)) return undefined;
      throw new UnsupportedTargetError(qualifiedName(transform));
  }
}

function decided({ target, values }: Decoding, decoded: DecodedTarget): Decoding {
  return { target, values, decoded };
}

/**
 * Whether a user's Transform has `decodes`: it, its class or a base of that. Of a class, this is
 * known only if it was pickled by value.
 */
export function decodesItself(transform: PyValue): boolean {
  if (!(transform instanceof PyObject)) return false;
  const decodes = transform.attr('decodes');
  if (decodes instanceof PyObject && (asItems(decodes.attr('funcs'))?.length ?? 0) > 0) return true;
  return [...withBases(transform.cls)].some(hasDecodes);
}

/** Some versions of fastcore give each class an empty list of functions. */
function hasDecodes(cls: PyValue): boolean {
  const decodes = cls instanceof PyObject && cls.attr('decodes');
  return decodes instanceof PyObject && asItems(decodes.attr('funcs'))?.length !== 0;
}

/**
 * A class name for an index. A loss without `decodes` leaves a row of outputs instead. fastai then
 * uses each output as an index of the vocabulary: truncated to an integer, or as a flag that
 * selects.
 */
function category(
  items: readonly PyValue[],
  names: readonly string[],
  { target, values }: Decoding,
): string {
  if (target.dims.length === 0) return names[values[0]!]!;
  const ids = target.type === 'bool' ? hot(values) : values.map(Math.trunc);
  const chosen = ids.map((id) =>
    typeof items.at(id) === 'string' ? repr(names.at(id)!) : names.at(id),
  );
  if (chosen.includes(undefined)) throw new UndecodedTargetError();
  return `[${chosen.join(', ')}]`;
}

/**
 * Labels with the types of the vocabulary: fastai's `MultiCategory` does not convert them to text.
 */
function labelsAt(items: readonly PyValue[], ids: readonly number[]): DecodedTarget {
  return ids.map((id) => items[id]) as string[] | number[];
}

/** `one_hot_decode`: the indices of values that equal 1; raw outputs rarely do. */
function hot(values: readonly number[]): number[] {
  return values.flatMap((value, index) => (value === 1 ? [index] : []));
}

/** Python's `repr` of a text. */
function repr(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function plain({ target, values }: Decoding): number | number[] {
  return target.dims.length === 0 ? values[0]! : [...values];
}

export function numbersOf(target: Tensor): number[] {
  const data = target.data as ArrayLike<number | bigint>;
  const numbers: number[] = [];
  for (let i = 0; i < data.length; i++) numbers.push(Number(data[i]));
  return numbers;
}
