import { beforeAll, describe, expect, it } from 'vitest';
import {
  sourceFixtures,
  valueOf,
  type Outcome,
  type SourceFixture,
} from '../../../../test/helpers/code-fixtures.js';
import { RaisedInCodeError } from '../errors.js';
import { Evaluator } from '../evaluator.js';
import { pythonNames } from '../names.js';
import { Func, type Value } from '../values.js';
import { compile } from './compiler/compiler.js';
import { loadParser, parse } from './syntax/parser.js';

/** What is refused by name: as for bytecode. */
const REFUSED: ReadonlyMap<string, RegExp> = new Map([
  ['instance_dict', /\.__dict__ is not supported/],
  ['conditional_import_name', /the module not_a_module_here is not supported/],
]);

function outcomes({ source, calls }: SourceFixture): (Outcome | string)[] {
  const evaluator = new Evaluator({ names: [pythonNames] });
  const globals = new Map<string, Value>([['__name__', '__main__']]);
  const attempt = (run: () => Outcome): Outcome | string => {
    evaluator.renew();
    try {
      return run();
    } catch (error) {
      if (error instanceof RaisedInCodeError) return { raises: error.exception };
      return String((error as Error).stack).slice(0, 600);
    }
  };
  const ready = attempt(() => {
    evaluator.call(new Func(compile(parse(source), 'code.py'), globals), []);
    return {};
  });
  if (typeof ready === 'string') return calls.map(() => ready);
  return calls.map(({ values }) =>
    attempt(() => {
      const given = values.map((value) => valueOf(value, (one) => evaluator.keyOf(one)));
      const result = evaluator.call(globals.get('f') ?? null, given);
      return { result: evaluator.repr(result), type: evaluator.typeOf(result).name };
    }),
  );
}

beforeAll(loadParser);

describe('Python source', () => {
  it('gives the results of CPython', () => {
    const wrong: unknown[] = [];
    const fixtures = sourceFixtures();
    for (const fixture of fixtures) {
      outcomes(fixture).forEach((got, index) => {
        const { args, result, type, raises } = fixture.calls[index]!;
        const wanted = raises === undefined ? { result, type } : { raises };
        if (JSON.stringify(got) === JSON.stringify(wanted)) return;
        if (typeof got === 'string' && REFUSED.get(fixture.name)?.test(got)) return;
        wrong.push({ name: fixture.name, args, source: fixture.source, got, wanted });
      });
    }
    expect(wrong).toEqual([]);
    expect(fixtures.length).toBeGreaterThan(300);
  });
});
