import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  ELLIPSIS,
  List,
  PropertyValue,
  Slice,
  Tuple,
  type Builtin,
  type Value,
} from '../../python/values.js';
import { dtypeNamed } from './dtypes.js';
import { UnsupportedCodeError } from '../../python/errors.js';
import { settings } from './math/creation.js';
import { refusals } from './math/refused.js';
import { SizeNeededError } from './size-needed.js';
import { SymSize } from './size.js';
import type { TorchTable } from './table.js';
import { operationId, operationNames } from './tables.js';
import { runCalls, TestContext, type Call, type Given, type Got } from './test-graph.js';
import { TensorValue, type TorchDType } from './tensor-value.js';

// See test/fixtures/make/torch_case.py for what these are.
type Elements = readonly (number | string)[];
type Encoded =
  | null
  | boolean
  | number
  | string
  | { readonly f: number | string }
  | { readonly l: Encoded[] }
  | { readonly t: Encoded[] }
  | { readonly n: readonly [string[], Encoded[]] }
  | { readonly d: string }
  | { readonly x: readonly [TorchDType, number[], Elements] }
  | { readonly k: readonly [TorchDType, number[], Elements] }
  | { readonly s: readonly [Encoded, Encoded, Encoded] }
  | { readonly e: 0 }
  | { readonly raises: string };
type Case = readonly [string, Encoded[], Record<string, Encoded>, Encoded];

const folder = new URL('../../../../test/fixtures/code/', import.meta.url);
const cases = readdirSync(folder)
  .filter((name) => /^torch-ops.*\.json\.gz$/.test(name))
  .flatMap(
    (name) => JSON.parse(gunzipSync(readFileSync(new URL(name, folder))).toString()) as Case[],
  );
const namesOf = (table: TorchTable): string[] =>
  Object.keys(table).flatMap((names) => names.split('|'));

/** Of which torch's results are no measure: memory as it is, half precision, other places. */
const untried = [
  ...'torch.empty torch.empty_like Tensor.new_empty'.split(' '),
  ...'half bfloat16 pin_memory coalesce cuda retain_grad as_subclass alias'
    .split(' ')
    .map((name) => `Tensor.${name}`),
];

const byName = new Map<string, Case[]>();
for (const one of cases) byName.set(one[0], [...(byName.get(one[0]) ?? []), one]);

const number = (value: number | string): number =>
  typeof value === 'number'
    ? value
    : value.endsWith('inf')
      ? (value === 'inf' ? 1 : -1) * Infinity
      : NaN;

const is = <K extends string>(
  value: Encoded,
  key: K,
): value is Extract<Encoded, Record<K, unknown>> =>
  typeof value === 'object' && value !== null && key in value;

/** An argument as Python has it; tensors are taken from `next`. */
function decoded(value: Encoded, next: () => Value, constant: (given: Given) => Value): Value {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return BigInt(value);
  const inner = (one: Encoded): Value => decoded(one, next, constant);
  if (is(value, 'f')) return number(value.f);
  if (is(value, 'l')) return new List(value.l.map(inner));
  if (is(value, 't')) return new Tuple(value.t.map(inner));
  if (is(value, 'd')) return dtypeNamed(value.d)!;
  if (is(value, 'x')) return next();
  if (is(value, 'k')) return constant(given(value.k));
  if (is(value, 's')) return new Slice(inner(value.s[0]), inner(value.s[1]), inner(value.s[2]));
  if (is(value, 'e')) return ELLIPSIS;
  throw new Error(`an argument cannot be ${JSON.stringify(value)}`);
}

const given = ([dtype, shape, data]: readonly [TorchDType, number[], Elements]): Given => ({
  dtype,
  shape,
  data: data.map(number),
});

/** All tensors of an encoded value, in order. */
function tensorsOf(value: Encoded): Given[] {
  if (is(value, 'x')) return [given(value.x)];
  if (is(value, 'l')) return value.l.flatMap(tensorsOf);
  if (is(value, 't')) return value.t.flatMap(tensorsOf);
  return is(value, 'n') ? value.n[1].flatMap(tensorsOf) : [];
}

interface Result {
  readonly result: Value;
  readonly tensors: Got[];
}

/** Several calls in one graph. What a call throws is its result. */
async function callAll(some: readonly Case[], free: boolean): Promise<(Result | Error)[]> {
  const results: Value[] = [];
  const outcomes = await runCalls(
    some.map(([name, args, kwargs], which): Call => ({
      inputs: [...args, ...Object.values(kwargs)].flatMap(tensorsOf),
      build: (env, ...tensors) => {
        const next = (): Value => tensors.shift()!;
        const constant = ({ data, dtype, shape }: Given): Value =>
          env.constant(data, dtype!, shape);
        const decode = (value: Encoded): Value => decoded(value, next, constant);
        const positional = args.map(decode);
        const named = new Map(Object.entries(kwargs).map(([key, value]) => [key, decode(value)]));
        return (results[which] = env.apply(name, positional, named));
      },
    })),
    free,
  );
  return outcomes.map((outcome, which) =>
    'error' in outcome
      ? (outcome.error as Error)
      : { result: results[which]!, tensors: outcome.got },
  );
}

/** The same, where a run fails each in a graph of its own. */
async function call(some: readonly Case[], free: boolean): Promise<(Result | Error)[]> {
  try {
    return await callAll(some, free);
  } catch {
    const each = some.map((one) =>
      callAll([one], free).then(
        ([result]) => result!,
        (error: Error) => error,
      ),
    );
    return Promise.all(each);
  }
}

/** Compares a result with torch's: structure, element type, shape and values. */
function compare(result: Value, wanted: Encoded, tensors: Got[]): void {
  if (is(wanted, 'x')) {
    expect(result).toBeInstanceOf(TensorValue);
    return compareTensor(tensors.shift()!, given(wanted.x));
  }
  if (is(wanted, 'l') || is(wanted, 't') || is(wanted, 'n')) {
    const items = is(wanted, 'l') ? wanted.l : is(wanted, 't') ? wanted.t : wanted.n[1];
    expect(result).toBeInstanceOf(is(wanted, 'l') ? List : Tuple);
    const own = (result as Tuple).items;
    expect(own).toHaveLength(items.length);
    own.forEach((item, i) => compare(item, items[i]!, tensors));
    if (is(wanted, 'n')) {
      for (const [i, field] of wanted.n[0].entries()) {
        const property = (result as Tuple).cls?.lookup(field);
        expect(property).toBeInstanceOf(PropertyValue);
        const { call: read } = (property as PropertyValue).getter as Builtin;
        expect(read(new TestContext(), [result], new Map())).toBe(own[i]);
      }
    }
    return;
  }
  if (is(wanted, 'f')) return expect(result).toBeCloseTo(number(wanted.f), 5);
  if (is(wanted, 'd')) return expect(result).toBe(dtypeNamed(wanted.d));
  // A size that is not known.
  if (result instanceof SymSize) return;
  expect(result).toBe(typeof wanted === 'number' ? BigInt(wanted) : wanted);
}

function compareTensor(got: Got, wanted: Given): void {
  expect([got.dtype, got.shape]).toEqual([wanted.dtype, wanted.shape]);
  const exact = !wanted.dtype!.startsWith('float');
  const largest = Math.max(0, ...wanted.data.filter(Number.isFinite).map(Math.abs));
  wanted.data.forEach((target, at) => {
    const value = got.data[at]!;
    if (exact || !Number.isFinite(target)) return expect(value, `at ${at}`).toBe(target);
    // Sums of numbers that cancel each other are no better than their largest.
    const room = Math.max(1e-5 * Math.abs(target), 1e-6 * largest);
    if (!(Math.abs(value - target) <= room)) expect(got.data, `at ${at}`).toEqual(wanted.data);
  });
}

const describeCase = ([name, args, kwargs]: Case): string =>
  `${name} of ${JSON.stringify(args)} ${JSON.stringify(kwargs)}`;

const raises = ([, , , wanted]: Case): boolean => is(wanted, 'raises');
// A size of an input is taken to be 1 at least.
const isEmpty = (one: Case): boolean => JSON.stringify(one[1]).includes(',[]]');

// Names of one operation share its cases.
const seen = new Set<string>();
const distinct = (name: string): Case[] =>
  byName.get(name)!.filter(([, args, kwargs]) => {
    const key = JSON.stringify([operationId(name), args, kwargs]);
    return !seen.has(key) && seen.add(key);
  });
const checked = new Map([...byName.keys()].map((name) => [name, distinct(name)]));

async function check(some: readonly Case[], free: boolean): Promise<void> {
  const results = await call(some, free);
  for (const [i, one] of some.entries()) {
    const outcome = results[i]!;
    try {
      if (outcome instanceof Error) {
        // Where sizes are free, a graph is then made for each size.
        if (free && outcome instanceof SizeNeededError) continue;
        throw outcome;
      }
      compare(outcome.result, one[3], outcome.tensors);
    } catch (error) {
      throw new Error(describeCase(one), { cause: error });
    }
  }
}

describe('operations of torch', () => {
  it.each([...checked.keys()])("%s gives torch's result", async (name) => {
    const some = checked.get(name)!;
    await check(
      some.filter((one) => !raises(one)),
      false,
    );
    for (const one of some.filter(raises)) {
      const [outcome] = await call([one], false);
      if (!(outcome instanceof Error)) throw new Error(`${describeCase(one)} raises nothing`);
    }
  });

  it.each([...checked.keys()])('%s gives the same if no size is known', async (name) => {
    await check(
      checked.get(name)!.filter((one) => !raises(one) && !isEmpty(one)),
      true,
    );
  });

  it('has a case for each of them', () => {
    // Packed sequences are no tensors: layers.spec.ts has them.
    const packing = ['pack_padded', 'pad_packed'].map((n) => `torch.nn.utils.rnn.${n}_sequence`);
    // Indices come from a pooling: Unpooled of own-modules.spec.ts has them.
    const unpooling = [1, 2, 3].map((dims) => `F.max_unpool${dims}d`);
    const besides = new Set([
      ...untried,
      ...packing,
      ...unpooling,
      ...namesOf(settings),
      ...namesOf(refusals),
    ]);
    const missing = operationNames().filter((name) => !byName.has(name) && !besides.has(name));
    expect(missing).toEqual([]);
  });

  it.each(namesOf(refusals))('%s is refused by name', async (name) => {
    const [outcome] = await callAll([[name, [{ x: ['float32', [1], [1]] }], {}, null]], false);
    expect(outcome).toBeInstanceOf(UnsupportedCodeError);
    expect((outcome as Error).message).toContain(
      `: torch.${name.slice(name.lastIndexOf('.') + 1)}.`,
    );
  });

  it.each(namesOf(settings))('%s changes nothing', async (name) => {
    const [outcome] = await callAll([[name, [1], {}, null]], false);
    expect(outcome).not.toBeInstanceOf(Error);
    expect((outcome as Result).tensors).toEqual([]);
  });

  it.each(untried)('%s gives a tensor of that shape', async (name) => {
    const like: Encoded = { x: ['float32', [2, 3], [1, 2, 3, 4, 5, 6]] };
    const args: Encoded[] = name === 'torch.empty' ? [2, 3] : [like];
    if (name === 'Tensor.new_empty') args.push(2, 3);
    if (name === 'Tensor.as_subclass') args.push(null);
    const [outcome] = await callAll([[name, args, {}, null]], false);
    const { result, tensors } = outcome as Result;
    expect(result).toBeInstanceOf(TensorValue);
    expect(tensors[0]).toMatchObject({ dtype: 'float32', shape: [2, 3] });
  });
});
