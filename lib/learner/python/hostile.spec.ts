import { beforeAll, describe, expect, it } from 'vitest';
import { codeFixtures, codeOf, type Plain } from '../../../test/helpers/code-fixtures.js';
import { ESCAPES, HOSTILE, NAMES } from '../../../test/fuzz/hostile-code.js';
import { mutate, pick, randomCode, randomFrom } from '../../../test/fuzz/mutated-code.js';
import { DEFAULT_BUDGET, type BudgetLimits } from './budget.js';
import { CodeVersion, decodeCode } from './bytecode/index.js';
import {
  CodeBudgetError,
  RaisedInCodeError,
  UnreadableCodeError,
  UnsupportedCodeError,
} from './errors.js';
import { Evaluator } from './evaluator.js';
import type { Code } from './instructions.js';
import { pythonNames } from './names.js';
import { compile } from './source/compiler/compiler.js';
import { parse } from './source/syntax/parser.js';
import { loadParser } from './source/syntax/tree.js';
import { Func, PyIterator, type Value } from './values.js';

/** VTS_FUZZ_ROUNDS and VTS_FUZZ_SEED make it a longer run, with the default budget, and another one. */
const LONG = process.env['VTS_FUZZ_ROUNDS'];
const ROUNDS = Number(LONG ?? 200);
const SEED = Number(process.env['VTS_FUZZ_SEED'] ?? 8);

const EXPECTED = [CodeBudgetError, RaisedInCodeError, UnreadableCodeError, UnsupportedCodeError];
const TENTH: BudgetLimits = {
  steps: DEFAULT_BUDGET.steps / 10,
  depth: DEFAULT_BUDGET.depth,
  memory: DEFAULT_BUDGET.memory / 10,
  matching: DEFAULT_BUDGET.matching / 10,
};
const SMALL: BudgetLimits = { steps: 20_000, depth: 50, memory: 200_000, matching: 50 };

/** Calls `f` of a module; the error that it ends in, or its value as text. */
function run(module: Code, budget?: BudgetLimits): Error | string {
  const evaluator = new Evaluator({ names: [pythonNames], ...(budget && { budget }) });
  const globals = new Map<string, Value>([['__name__', '__main__']]);
  try {
    const result = evaluator.call(new Func(module, globals), []);
    const f = globals.get('f');
    evaluator.renew();
    return f instanceof Func
      ? evaluator.repr(evaluator.call(f, []))
      : result instanceof PyIterator
        ? [...evaluator.iterate(result)].map((item) => evaluator.repr(item)).join()
        : evaluator.repr(result);
  } catch (error) {
    return error as Error;
  }
}

const ofSource = (source: string) => compile(parse(`${source}\n`), 'code.py');

/** What is of another kind than the errors that are for people. */
function isWrong(outcome: Error | string): boolean {
  return typeof outcome !== 'string' && !EXPECTED.some((kind) => outcome instanceof kind);
}

/** All that JavaScript's own objects have. */
function prototypes(): unknown {
  const owners = [
    Object,
    Array,
    Map,
    Set,
    Function,
    String,
    Number,
    BigInt,
    Error,
    RegExp,
    Promise,
  ];
  return owners.map(({ prototype }) =>
    Reflect.ownKeys(prototype as object)
      .map(String)
      .sort(),
  );
}
const before = prototypes();

beforeAll(loadParser);

/** Hostile programs that end in another error before they exceed their budget. */
const SOONER: ReadonlySet<string> = new Set([
  'ints that are divided',
  'ints that are written',
  'deep recursion through __hash__',
  'deep recursion through super',
  'chains of bound methods',
  'a class with many bases',
]);

describe('Hostile code', () => {
  it.each(Object.entries(HOSTILE))('ends in an error: %s', (name, source) => {
    const outcome = run(ofSource(source), LONG === undefined ? TENTH : DEFAULT_BUDGET);
    const kinds = SOONER.has(name) ? EXPECTED : [CodeBudgetError];
    expect(
      kinds.find((kind) => outcome instanceof kind),
      String(outcome),
    ).toBeDefined();
    expect(prototypes()).toEqual(before);
  });

  it.each(ESCAPES)('cannot escape by %s', (expression) => {
    const outcome = run(
      ofSource(`class A:\n    def m(self): return 1\ndef f():\n    return ${expression}`),
    );
    expect([UnsupportedCodeError, RaisedInCodeError]).toContain((outcome as Error).constructor);
    expect(prototypes()).toEqual(before);
  });

  it.each(NAMES)('may use the names %s', (name) => {
    const outcome = run(
      ofSource(`
class A:
    ${name} = 1
def ${name}(${name}=2, **kwargs): return ${name}, kwargs
def g():
    a = A()
    a.${name} = 3
    d = {'${name}': 4}
    d['x'] = d.pop('${name}')
    return a.${name}, A.${name}, d, hasattr(g, '${name}'), '${name}' in {}, dict(${name}=5)
def f(): return ${name}(x=6, ${name}=7), g()`),
    );
    expect(outcome).toBe(`((7, {'x': 6}), (3, 1, {'x': 4}, False, False, {'${name}': 5}))`);
    expect(prototypes()).toEqual(before);
  });

  it('is bounded by each of its limits, which the error names', () => {
    const limits = { steps: 1000, depth: 20, memory: 1000, matching: 50 };
    const limitOf = (source: string) => (run(ofSource(source), limits) as CodeBudgetError).limit;
    expect(limitOf('def f():\n    while True: pass')).toBe('steps');
    expect(limitOf('def f(): return f()')).toBe('depth');
    expect(limitOf("def f(): return 'a' * 2000")).toBe('memory');
    expect(limitOf("import re\ndef f(): return re.match('(a+)+b', 'a' * 60)")).toBe('matching');
  });
});

/** The code with its bytes changed, here or in the code within it. */
function mutated(plain: Plain, random: () => number): Plain {
  const { c: parts } = plain as { c: Plain[] };
  const inner = parts.findIndex(
    (part) => Array.isArray(part) && part.some((one) => isKind(one, 'c')),
  );
  if (inner >= 0 && random() < 0.8) {
    const consts = (parts[inner] as Plain[]).map((one) =>
      isKind(one, 'c') && random() < 0.8 ? mutated(one, random) : one,
    );
    return { c: parts.map((part, index) => (index === inner ? consts : part)) };
  }
  const bytes = parts.flatMap((part, index) => (isKind(part, 'b') ? [index] : []));
  const which = random() < 0.8 ? bytes[0] : pick(random, bytes);
  return {
    c: parts.map((part, index) => {
      if (index !== which) return part;
      const content = Buffer.from((part as { b: string }).b, 'base64');
      return { b: Buffer.from(mutate(content, random)).toString('base64') };
    }),
  };
}

function isKind(plain: Plain, kind: string): boolean {
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain) && kind in plain;
}

describe('Damaged code', () => {
  it.each(['3.7', '3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14'])(
    'of Python %s ends in an error or a value',
    (version) => {
      const random = randomFrom(SEED);
      const fixtures = codeFixtures(version);
      const known = new CodeVersion();
      for (const { code } of fixtures.slice(0, 100)) void decodeCode(codeOf(code), known);
      const wrong: unknown[] = [];
      const kinds = new Set<string>();
      for (let round = 0; round < ROUNDS; round++) {
        const { name, code } = pick(random, fixtures);
        let outcome: Error | string;
        try {
          outcome = run(decodeCode(codeOf(mutated(code, random)), known), SMALL);
        } catch (error) {
          outcome = error as Error;
        }
        kinds.add(typeof outcome === 'string' ? 'value' : outcome.constructor.name);
        if (isWrong(outcome)) wrong.push({ round, name, outcome: (outcome as Error).stack });
      }
      expect(wrong).toEqual([]);
      expect([...kinds].sort()).toContain('UnreadableCodeError');
      expect(prototypes()).toEqual(before);
    },
  );

  it('of random instructions ends in an error or a value', () => {
    const random = randomFrom(SEED);
    const wrong: unknown[] = [];
    const kinds = new Set<string>();
    for (let round = 0; round < 20 * ROUNDS; round++) {
      const outcome = run(randomCode(random), SMALL);
      kinds.add(typeof outcome === 'string' ? 'value' : outcome.constructor.name);
      if (isWrong(outcome)) wrong.push({ round, outcome: (outcome as Error).stack });
    }
    expect(wrong).toEqual([]);
    expect([...kinds]).toContain('UnreadableCodeError');
    expect([...kinds]).toContain('RaisedInCodeError');
    expect(prototypes()).toEqual(before);
  });
});
