import { describe, expect, it } from 'vitest';
import {
  codeFixtures,
  codeOf,
  sourceFixtures,
  valueOf,
  type Outcome,
  type SourceFixture,
} from '../../../test/helpers/code-fixtures.js';
import { CodeVersion, decodeCode } from './bytecode/index.js';
import { RaisedInCodeError } from './errors.js';
import { Evaluator } from './evaluator.js';
import type { Code } from './instructions.js';
import { pythonNames } from './names.js';
import { Func, type Value } from './values.js';

/** What is refused by name, and why. */
const REFUSED: ReadonlyMap<string, RegExp> = new Map([
  // A view of the attributes, which could be written through.
  ['instance_dict', /\.__dict__ is not supported/],
  // Whether a module was installed where the learner was made is not in the file.
  ['conditional_import_name', /the module not_a_module_here is not supported/],
]);

/** What came with a later version of Python, and is there for all here. */
const LATER: ReadonlyMap<string, readonly string[]> = new Map([['math_9', ['3.7']]]);

const sources = new Map(sourceFixtures().map((one) => [one.name, one]));

/** What the calls of a function give, each with a fresh budget. */
function outcomes(module: Code, { calls }: SourceFixture): (Outcome | string)[] {
  const evaluator = new Evaluator({ names: [pythonNames] });
  const globals = new Map<string, Value>([['__name__', '__main__']]);
  const keyOf = (value: Value) => evaluator.keyOf(value);
  const ready = attempt(() => evaluator.call(new Func(module, globals), []));
  if (typeof ready === 'string') return calls.map(() => ready);
  return calls.map(({ values }) => {
    evaluator.renew();
    return attempt(() => {
      const result = evaluator.call(
        globals.get('f') ?? null,
        values.map((value) => valueOf(value, keyOf)),
      );
      return { result: evaluator.repr(result), type: evaluator.typeOf(result).name };
    });
  });
}

/** What a call gives, the exception that it raises, or the error that it is here. */
function attempt<T>(run: () => T): T | Outcome | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof RaisedInCodeError) return { raises: error.exception };
    return String((error as Error).stack).slice(0, 600);
  }
}

describe.each(['3.7', '3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14'])(
  'code of Python %s',
  (version) => {
    it('gives the results of CPython', () => {
      const known = new CodeVersion();
      const codes = codeFixtures(version).map((one) => ({
        ...one,
        module: decodeCode(codeOf(one.code), known),
      }));
      const wrong: unknown[] = [];
      for (const { name, module, results } of codes) {
        const source = sources.get(name);
        if (!source || LATER.get(name)?.includes(version)) continue;
        outcomes(module, source).forEach((got, index) => {
          if (JSON.stringify(got) === JSON.stringify(results[index])) return;
          if (typeof got === 'string' && REFUSED.get(name)?.test(got)) return;
          const { args } = source.calls[index]!;
          wrong.push({ name, args, source: source.source, got, wanted: results[index] });
        });
      }
      expect(wrong).toEqual([]);
      expect(codes.length).toBeGreaterThan(300);
    });
  },
);
