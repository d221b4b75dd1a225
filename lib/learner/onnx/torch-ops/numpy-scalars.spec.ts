import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { Evaluator } from '../../python/evaluator.js';
import { pythonNames } from '../../python/names.js';
import { List, Tuple, type Value } from '../../python/values.js';
import { numpyScalars } from './numpy-scalars.js';

type Encoded =
  | null
  | boolean
  | number
  | { readonly f: number | string }
  | { readonly l: Encoded[] }
  | { readonly t: Encoded[] }
  | { readonly raises: string };

const file = new URL('../../../../test/fixtures/code/numpy-scalars.json.gz', import.meta.url);
const cases = JSON.parse(gunzipSync(readFileSync(file)).toString()) as [
  string,
  Encoded[],
  object,
  Encoded,
][];
const evaluator = new Evaluator({ names: [numpyScalars, pythonNames] });

function decoded(value: Encoded): Value {
  if (typeof value === 'number') return BigInt(value);
  if (value === null || typeof value === 'boolean') return value;
  if ('l' in value) return new List(value.l.map(decoded));
  if ('t' in value) return new Tuple(value.t.map(decoded));
  if ('raises' in value) throw new Error(value.raises);
  return Number(typeof value.f === 'string' ? value.f.replace('inf', 'Infinity') : value.f);
}

it.each(cases)('%s(%j)', (name, args, _, wanted) => {
  const call = (): Value => evaluator.call(evaluator.resolve(name) ?? null, args.map(decoded));
  if (typeof wanted === 'object' && wanted !== null && 'raises' in wanted) {
    expect(call).toThrow();
    return;
  }
  const [got, target] = [call(), decoded(wanted)];
  expect(typeof got).toBe(typeof target);
  if (typeof target === 'number' && Number.isFinite(target)) {
    expect(Math.abs((got as number) - target)).toBeLessThanOrEqual(1e-12 * Math.abs(target));
  } else expect(got).toEqual(target);
});
