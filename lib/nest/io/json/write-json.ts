import { randomUUID } from 'node:crypto';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { isDtype } from '../ndarray/dtypes.js';
import { ndarrayPieces } from '../ndarray/pieces.js';
import { elementsOf, toJson } from '../ndarray/write.js';
import { isTable, toFrame } from '../data-frame/frames.js';
import { orientPieces, writeOrient } from '../data-frame/orients.js';
import { PIECE } from '../pieces.js';

/** Marks the place of JSON that `JSON.stringify` cannot write; no value contains it by chance. */
const MARK = randomUUID();

/**
 * A value as JSON; undefined for what JSON cannot express (undefined, a function). Tensors, typed
 * arrays, data frames and Sets become arrays, and a Map becomes an object. NaN and the infinities
 * become null; a bigint is a number with all its digits.
 *
 * @throws TypeError for circular values, RangeError for values that are nested too deep.
 */
export function writeJson(value: unknown): string | undefined {
  const raw: string[] = [];
  const stand = (json: string): string => `${MARK}${raw.push(json) - 1}`;
  const text = JSON.stringify(value, function (this: unknown, key: string, item: unknown) {
    // Before toJSON(), which a Buffer has.
    const given = (this as Record<string, unknown>)[key];
    if (typeof given === 'bigint') return stand(String(given));
    if (typeof given !== 'object' || given === null) return item;
    if (isTensor(given) && isDtype(given.type)) return stand(toJson(elementsOf(given)));
    if (ArrayBuffer.isView(given)) {
      return given instanceof DataView ? item : stand(toJson(elementsOf(given)));
    }
    if (isTable(given)) return stand(writeOrient(toFrame(given), 'records'));
    if (given instanceof Map) return Object.fromEntries(given as Map<string, unknown>);
    return given instanceof Set ? [...given] : item;
  }) as string | undefined;
  if (raw.length === 0) return text;
  return text?.replace(new RegExp(`"${MARK}(\\d+)"`, 'g'), (_, index: string) => raw[+index]!);
}

/** The number of values from which an answer is written in pieces. */
const LARGE = 4096;

/**
 * Writes the same as {@link writeJson} in pieces. @throws The same errors, some only between
 * pieces.
 */
export function* jsonPieces(value: unknown): Generator<string, void, undefined> {
  yield* pieces(value, new Set());
}

function* pieces(value: unknown, within: Set<unknown>): Generator<string, void, undefined> {
  if (isTensor(value) && isDtype(value.type)) return yield* ndarrayPieces(elementsOf(value));
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return yield* ndarrayPieces(elementsOf(value));
  }
  const object = (value instanceof Map ? Object.fromEntries(value) : value) as Record<
    string,
    unknown
  >;
  if (isTable(object)) return yield* orientPieces(toFrame(object), 'records');
  const list = value instanceof Set ? [...(value as Set<unknown>)] : value;
  const isList = Array.isArray(list);
  const plain = isList || isPlain(object);
  if (!plain || typeof object['toJSON'] === 'function') return yield writeJson(value) ?? 'null';
  if (within.has(value)) throw new TypeError('Converting circular structure to JSON');
  within.add(value);
  yield* isList ? items(list, within) : members(object, within);
  within.delete(value);
}

function* items(
  list: readonly unknown[],
  within: Set<unknown>,
): Generator<string, void, undefined> {
  let text = '[';
  for (let index = 0; index < list.length; index++) {
    const item = list[index];
    if (index > 0) text += ',';
    if (isLarge(item)) {
      yield text;
      text = '';
      yield* pieces(item, within);
    } else text += writeJson(item) ?? 'null';
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  yield `${text}]`;
}

function* members(value: object, within: Set<unknown>): Generator<string, void, undefined> {
  let text = '{';
  let any = false;
  for (const [name, item] of Object.entries(value)) {
    const large = isLarge(item);
    const written = large ? '' : writeJson(item);
    if (written === undefined) continue;
    text += `${any ? ',' : ''}${JSON.stringify(name)}:${written}`;
    any = true;
    if (!large && text.length < PIECE) continue;
    yield text;
    text = '';
    if (large) yield* pieces(item, within);
  }
  yield `${text}}`;
}

/** Whether a value has so many elements that it is better written in pieces. */
export function isLarge(value: unknown): boolean {
  let weight = 0;
  const left = [value];
  while (left.length > 0) {
    const item = left.pop();
    weight++;
    if (typeof item === 'string') weight += item.length >> 4;
    if (typeof item === 'object' && item !== null) {
      if (ArrayBuffer.isView(item)) weight += item.byteLength >> 3;
      else if (isTensor(item)) weight += item.data.length;
      else if (isTable(item)) weight += item.numRows() * item.columnNames().length;
      else if (item instanceof Map || item instanceof Set) weight += item.size;
      else {
        const inside: unknown[] = Array.isArray(item) ? item : Object.values(item);
        if (weight + inside.length > LARGE) return true;
        left.push(...inside);
      }
    }
    if (weight > LARGE) return true;
  }
  return false;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
