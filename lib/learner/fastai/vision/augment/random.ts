import type { PyValue } from '../../../torch/index.js';
import { asBool, asItems, asNumber, PyObject } from '../../../torch/index.js';
import { isOfFastai, transformName } from '../../data/pipeline.js';
import { NotAugmentableError } from '../../errors.js';

/** Uniform numbers in [0, 1). */
export interface Random {
  next(): number;
}

/** Python's `random.uniform`. */
export function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random.next();
}

/** Python's `random.randint`, including both ends. */
export function wholeBetween(random: Random, low: number, high: number): number {
  return low + Math.floor(random.next() * (high - low + 1));
}

/** The attributes that control fastai's draws, of any object. */
export type Attributes = (name: string) => PyValue | undefined;

/** Draws a number for each image of a batch. */
export type Draw = (images: number, random: Random) => readonly number[];

/**
 * fastai's `_draw_mask`: given or drawn numbers, each replaced by `neutral` with probability
 * `1 - p`.
 *
 * @param name The attribute that may give the numbers.
 * @throws NotAugmentableError if code draws them.
 */
export function drawOf(
  attributes: Attributes,
  owner: string,
  name: string,
  fallback: (random: Random) => number,
  { neutral = 0, p = asNumber(attributes('p')) ?? 0.5 } = {},
): Draw {
  const batch = asBool(attributes('batch')) ?? false;
  const given = givenBy(attributes(name), owner);
  const repeated = (images: number, make: () => number): number[] => {
    const one = batch ? make() : undefined;
    return Array.from({ length: images }, () => one ?? make());
  };
  return (images, random) => {
    const values = given?.(images) ?? repeated(images, () => fallback(random));
    if (p === 1) return values;
    const kept = repeated(images, () => (random.next() < p ? 1 : 0));
    return values.map((value, image) => (kept[image] ? value : neutral));
  };
}

function givenBy(
  draw: PyValue | undefined,
  owner: string,
): ((images: number) => readonly number[]) | undefined {
  if (draw === undefined || draw === null) return undefined;
  const one = asNumber(draw);
  if (one !== undefined) return (images) => Array<number>(images).fill(one);
  if (draw instanceof PyObject && isOfFastai(draw) && transformName(draw) === 'DeterministicDraw') {
    const values = numbersOf(draw.attr('vals'), owner);
    // Counts the calls before the learner was exported too.
    let count = asNumber(draw.attr('count')) ?? -1;
    return (images) => {
      count++;
      return Array<number>(images).fill(values[count % values.length]!);
    };
  }
  const values = numbersOf(draw, owner);
  return (images) => {
    if (values.length >= images) return values.slice(0, images);
    throw new NotAugmentableError(
      `The learner's transform "${owner}" has ${values.length} given draws, but a batch has ${images} images`,
      `give at most ${values.length} items`,
    );
  };
}

function numbersOf(value: PyValue | undefined, owner: string): number[] {
  const numbers = asItems(value)?.map(asNumber);
  if (numbers?.length && numbers.every((number) => number !== undefined)) return numbers;
  throw new NotAugmentableError(
    `The learner's transform "${owner}" draws with its own code, which is not supported`,
    'use getPreds()',
  );
}
