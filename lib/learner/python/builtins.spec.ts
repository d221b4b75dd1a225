import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { RaisedInCodeError } from './errors.js';
import { Evaluator } from './evaluator.js';
import { pythonNames } from './names.js';
import { compile } from './source/compiler/compiler.js';
import { loadParser, parse } from './source/syntax/parser.js';
import { Func, type Value } from './values.js';

type Outcome = string | { readonly raises: string };

const FIXTURE = new URL('../../../test/fixtures/code/builtins.json.gz', import.meta.url);
const cases = JSON.parse(gunzipSync(readFileSync(FIXTURE)).toString()) as [string, Outcome][];

const IMPORTS =
  'import math, re, itertools, functools, operator, collections, collections.abc, string, html, unicodedata, copy, os, ' +
  'os.path, pathlib, types, warnings, numbers, typing\n';

const evaluator = new Evaluator({ names: [pythonNames] });
const globals = new Map<string, Value>([['__name__', '__main__']]);

beforeAll(async () => {
  await loadParser();
  evaluator.call(new Func(compile(parse(IMPORTS), 'imports.py'), globals), []);
});

function outcome(source: string): Outcome {
  evaluator.renew();
  try {
    const body = parse(`def f():\n    return repr(${source})\n`);
    evaluator.call(new Func(compile(body, 'case.py'), globals), []);
    return String(evaluator.call(globals.get('f') ?? null, []));
  } catch (error) {
    if (error instanceof RaisedInCodeError) return { raises: error.exception };
    return String((error as Error).stack).slice(0, 500);
  }
}

describe('builtins and modules of Python', () => {
  it('give the results of CPython 3.11', () => {
    const wrong = cases.flatMap(([source, wanted]) => {
      const got = outcome(source);
      if (JSON.stringify(got) === JSON.stringify(wanted)) return [];
      return [{ source, wanted, got }];
    });
    expect(wrong).toEqual([]);
    expect(cases.length).toBeGreaterThan(5000);
  });
});
