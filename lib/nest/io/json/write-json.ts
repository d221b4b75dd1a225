import { randomUUID } from 'node:crypto';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { isDtype } from '../ndarray/dtypes.js';
import { elementsOf, toJson } from '../ndarray/write.js';
import { isTable, toFrame } from '../data-frame/frames.js';
import { writeOrient } from '../data-frame/orients.js';

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
