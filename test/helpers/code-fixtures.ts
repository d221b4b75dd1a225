import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { RawCode } from '../../lib/learner/python/bytecode/index.js';
import {
  Dict,
  ELLIPSIS,
  List,
  SetValue,
  Slice,
  Tuple,
  type Key,
  type Value,
} from '../../lib/learner/python/values.js';

/** What CPython answers to a call. */
export interface Outcome {
  readonly result?: string;
  readonly type?: string;
  readonly raises?: string;
}

/** What `test/fixtures/make/python_code.py` writes for the source of a function. */
export interface SourceFixture {
  readonly name: string;
  readonly source: string;
  readonly calls: readonly (Outcome & {
    readonly args: string;
    readonly values: readonly Plain[];
  })[];
}

/** What it writes for the code of a function, of one version of Python. */
export interface CodeFixture {
  readonly name: string;
  readonly code: Plain;
  readonly results: readonly Outcome[];
}

/** Data of JSON; an object has one key, which says what it stands for. */
export type Plain =
  null | boolean | number | string | readonly Plain[] | { readonly [kind: string]: unknown };

const folder = new URL('../fixtures/code/', import.meta.url);

export function sourceFixtures(): SourceFixture[] {
  return JSON.parse(readFileSync(new URL('functions.json', folder), 'utf8')) as SourceFixture[];
}

export function codeFixtures(version: string): CodeFixture[] {
  const bytes = gunzipSync(readFileSync(new URL(`code-${version}.json.gz`, folder)));
  return (JSON.parse(bytes.toString('utf8')) as { functions: CodeFixture[] }).functions;
}

export function codeOf(plain: Plain): RawCode {
  const { c: parts } = plain as { c: Plain[] };
  return new RawCode(
    parts.map((part) =>
      Array.isArray(part)
        ? (part as Plain[]).map(constantOf)
        : (constantOf(part) as string | bigint | Uint8Array),
    ),
  );
}

function constantOf(plain: Plain): Value | RawCode {
  return typeof plain === 'object' && plain !== null && 'c' in plain
    ? codeOf(plain)
    : valueOf(plain, (value) => (typeof value === 'bigint' ? Number(value) : (value as Key)));
}

/** @param keyOf the evaluator's */
export function valueOf(plain: Plain, keyOf: (value: Value) => Key): Value {
  if (plain === null || typeof plain === 'boolean' || typeof plain === 'string') return plain;
  if (typeof plain === 'number') return BigInt(plain);
  const items = (of: unknown): Value[] => (of as Plain[]).map((item) => valueOf(item, keyOf));
  if (Array.isArray(plain)) return new Tuple(items(plain));
  const [[kind, content]] = Object.entries(plain) as [[string, unknown]];
  switch (kind) {
    case 'i':
      return BigInt(content as string);
    case 'f':
      return Number((content as string).replace('inf', 'Infinity'));
    case 'b':
      return new Uint8Array(Buffer.from(content as string, 'base64'));
    case 'l':
      return new List(items(content));
    case 'd': {
      const dict = new Dict();
      for (const pair of content as Plain[][]) {
        const [key, value] = items(pair) as [Value, Value];
        dict.entries.set(keyOf(key), [key, value]);
      }
      return dict;
    }
    case 's':
    case 'z': {
      const set = new SetValue(kind === 'z');
      for (const item of items(content)) set.entries.set(keyOf(item), item);
      return set;
    }
    case 'y': {
      const [start, stop, step] = items(content) as [Value, Value, Value];
      return new Slice(start, stop, step);
    }
    default:
      return ELLIPSIS;
  }
}
