import { beforeAll, describe, expect, it } from 'vitest';
import type { Context, Names } from './context.js';
import { CodeBudgetError, RaisedInCodeError, UnsupportedCodeError } from './errors.js';
import { Evaluator, type EvaluatorOptions } from './evaluator.js';
import { HostObject } from './host.js';
import { pythonNames } from './names.js';
import { compile } from './source/compiler/compiler.js';
import { parse } from './source/syntax/parser.js';
import { loadParser } from './source/syntax/tree.js';
import { Builtin, ClassValue, Func, Instance, ModuleValue, type Value } from './values.js';

/** The names that a source defines, as values. */
function load(source: string, options: Partial<EvaluatorOptions> = {}) {
  const evaluator = new Evaluator({ names: [pythonNames], ...options });
  const globals = new Map<string, Value>([['__name__', '__main__']]);
  evaluator.call(new Func(compile(parse(`${source}\n`), 'code.py'), globals), []);
  const call = (name: string, ...args: Value[]) =>
    evaluator.repr(evaluator.call(globals.get(name)!, args));
  return { evaluator, globals, call };
}

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('It gives a value');
}

const lib: Names = {
  resolve: (name) =>
    name === 'lib.nn.double'
      ? new Builtin('double', (ctx, [x = null]) => ctx.binary('*', x, 2n))
      : undefined,
  isModule: (path) => path === 'lib' || path === 'lib.nn',
};

beforeAll(loadParser);

describe('Errors of code', () => {
  it('name the function, line and expression of an unknown name', () => {
    const { call } = load(
      `import lib
class Net:
    def forward(self, x):
        y = lib.nn.double(x)
        return lib.nn.rfft(y)
def f(): return Net().forward(1)`,
      { names: [pythonNames, lib] },
    );
    const error = errorOf(() => call('f')) as UnsupportedCodeError;
    expect(error).toBeInstanceOf(UnsupportedCodeError);
    expect(error.where).toBe('forward of __main__.Net, line 5');
    expect(error.fact).toBe('lib.nn.rfft is not supported');
  });

  it('say where an exception was first raised, with its message', () => {
    const { call } = load(
      `def inner(x):
    raise ValueError('no ' + x)
def f():
    try:
        return [inner(x) for x in 'ab']
    except ValueError:
        raise`,
    );
    const error = errorOf(() => call('f')) as RaisedInCodeError;
    expect(error).toBeInstanceOf(RaisedInCodeError);
    expect(error).toMatchObject({
      where: 'inner of __main__, line 2',
      exception: 'ValueError',
      detail: 'no a',
    });
  });

  it('cannot be caught by the code itself', () => {
    const { call } = load(
      `def f():
    try:
        return open('x')
    except BaseException:
        return 1`,
    );
    expect(errorOf(() => call('f'))).toBeInstanceOf(UnsupportedCodeError);
  });

  it('leave the evaluator usable for the next call', () => {
    const { call, evaluator } = load(
      `def deep(n): return n and deep(n - 1)
def f(n):
    try:
        return deep(n)
    except ZeroDivisionError: pass
def g():
    raise KeyError('x')`,
    );
    expect(errorOf(() => call('f', 1000n))).toBeInstanceOf(CodeBudgetError);
    for (let i = 0; i < 300; i++)
      expect(errorOf(() => call('g'))).toBeInstanceOf(RaisedInCodeError);
    expect(call('f', 150n)).toBe('0');
    evaluator.renew();
    expect(evaluator.budget.used).toBe(0);
    expect(evaluator.budget.depth).toBe(0);
  });
});

describe('Modules', () => {
  it('come from the closed tables, or else from the given importer', () => {
    const helpers = new Instance(new ClassValue('module', 'helpers', []));
    helpers.attrs.set('three', 3n);
    const { call } = load(
      `from lib.nn import double
import lib.nn as nn
from helpers import three
def f(): return double(three), nn.double(4), hasattr(nn, 'x'), hasattr(nn, 'double')`,
      {
        names: [pythonNames, lib],
        importer: (module) => (module === 'helpers' ? helpers : undefined),
      },
    );
    expect(call('f')).toBe('(6, 8, False, True)');
  });

  it('asks for the source of names that a file does not define', () => {
    const of = (name: string): string =>
      new UnsupportedCodeError('f', `${name} is not supported`).message;
    expect(of('__main__.mirror')).toContain("{ code: 'notebook.ipynb' }");
    expect(of('scipy.ndimage.rotate')).toContain('docs/notebook-code.md');
  });

  it('are named if they are unknown', () => {
    const error = errorOf(() => load('import nothing.here')) as UnsupportedCodeError;
    expect(error.fact).toBe('the module nothing.here is not supported');
  });

  it('have no attributes that can be set', () => {
    const { call } = load('import lib\ndef f(): lib.x = 1', { names: [pythonNames, lib] });
    expect(errorOf(() => call('f'))).toBeInstanceOf(UnsupportedCodeError);
    expect(
      load('import lib\ndef f(): return lib', { names: [lib] }).globals.get('lib'),
    ).toBeInstanceOf(ModuleValue);
  });
});

/** A number that says what is asked of it. */
class Spy extends HostObject {
  override readonly typeName = 'Spy';
  override binary(op: string, other: Value, how: { reflected: boolean; inPlace: boolean }): Value {
    const text = typeof other === 'bigint' ? String(other) : 'spy';
    const operator = how.inPlace ? `${op}=` : op;
    return how.reflected ? `${text} ${operator} spy` : `spy ${operator} ${text}`;
  }
  override compare(op: string, other: Value): Value {
    return `spy ${op} ${String(other as bigint)}`;
  }
  override getAttr(name: string): Value | undefined {
    return name === 'here' ? 1n : undefined;
  }
  override getItem(key: Value, ctx: Context): Value {
    return ctx.repr(key);
  }
}

describe('Values of the host', () => {
  it('decide what operators do with them', () => {
    const { globals, call } = load(
      `def f():
    x = s
    x += 1
    return s + 1, 2 - s, x, s < 3, 4 < s, s[1:, None, ...], s.here, hasattr(s, 'gone')`,
    );
    globals.set('s', new Spy());
    expect(call('f')).toBe(
      "('spy + 1', '2 - spy', 'spy += 1', 'spy < 3', 'spy > 4', " +
        "'(slice(1, None, None), None, Ellipsis)', 1, False)",
    );
  });
});

describe('Classes', () => {
  it('of the tables cannot be changed, and those of the code can', () => {
    const native = new ClassValue('Base', 'lib.Base', [], [], {});
    const { globals, call } = load(
      `class Own: pass
def f():
    Own.x = 1
    return Own().x
def g(): Base.x = 1`,
    );
    globals.set('Base', native);
    expect(call('f')).toBe('1');
    expect((errorOf(() => call('g')) as UnsupportedCodeError).fact).toBe(
      'lib.Base.x cannot be set here',
    );
    expect([...native.attrs]).toEqual([]);
  });

  it('known only by name say so, and others lack the attribute', () => {
    const opaque = new ClassValue('Odd', 'lib.Odd', [], [], { opaque: true });
    const { globals, call } = load('def f(x): return hasattr(x, "y")');
    globals.set('Odd', opaque);
    expect((errorOf(() => call('f', new Instance(opaque))) as UnsupportedCodeError).fact).toBe(
      'lib.Odd.y is not supported',
    );
    expect(call('f', new Instance(new ClassValue('Plain', 'lib.Plain', [])))).toBe('False');
  });

  it('read an attribute of an object in the file on demand, once', () => {
    const { call } = load('def f(x): return x.a + x.a\ndef g(x):\n    del x.a\n    return x.a');
    const object = new Instance(new ClassValue('Plain', 'lib.Plain', []));
    const asked: string[] = [];
    object.lazy = (name) => {
      asked.push(name);
      return name === 'a' ? 21n : undefined;
    };
    expect(call('f', object)).toBe('42');
    expect(asked).toEqual(['a']);
    expect((errorOf(() => call('g', object)) as RaisedInCodeError).exception).toBe(
      'AttributeError',
    );
  });

  it('may have a metaclass known by name', () => {
    const meta = new ClassValue('PrePostInitMeta', 'lib.PrePostInitMeta', []);
    const { call } = load(
      `def f(meta):
    class A(metaclass=meta):
        def __pre_init__(self): self.said = ['pre']
        def __init__(self): self.said.append('init')
        def __post_init__(self): self.said.append('post')
    return A().said
def g():
    class Meta(type): pass`,
    );
    expect(call('f', meta)).toBe("['pre', 'init', 'post']");
    const other = new ClassValue('Other', 'lib.Other', []);
    expect((errorOf(() => call('f', other)) as UnsupportedCodeError).fact).toBe(
      'the metaclass lib.Other is not supported',
    );
    expect(errorOf(() => call('g'))).toBeInstanceOf(UnsupportedCodeError);
  });

  it('have no __getattribute__ of their own', () => {
    const { call } = load(
      `class A:
    def __getattribute__(self, name): return 1
def f(): return A().x`,
    );
    expect(errorOf(() => call('f'))).toBeInstanceOf(UnsupportedCodeError);
  });
});

describe('Numbers', () => {
  it('are divided and rounded as Python does', () => {
    const { call } = load(
      `def f():
    big = 10 ** 400
    return (-7 // 2, -7 % 3, 7 % -3, -7.5 // 2, -7.5 % 2, 7.5 % -2, 2 ** -1, True + True,
            (10 ** 30 + 1) / 10 ** 14, big / (3 * big), -(10 ** 40) / 7, 9007199254740993 / 1,
            1 == 1.0 == True, 2 ** 53 + 1 == 2.0 ** 53, 0.0 // -3, -0.0 % 5)`,
    );
    expect(call('f')).toBe(
      '(-4, 2, -2, -4.0, 0.5, -0.5, 0.5, 2, 1e+16, 0.3333333333333333, ' +
        '-1.4285714285714284e+39, 9007199254740992.0, True, False, -0.0, 0.0)',
    );
  });

  it('are one key if they are equal', () => {
    const { call } = load(
      `def f():
    d = {1: 'a', 2 ** 70: 'b', (1, 'x'): 'c', None: 'd', '1': 'e'}
    return (d[1.0], d[True], d[2.0 ** 70], d[(True, 'x')], d[None], d['1'], len({1, 1.0, True}),
            (1, '1') == (1, 1), 2 ** 53 + 1 in {2.0 ** 53})`,
    );
    expect(call('f')).toBe("('a', 'a', 'b', 'c', 'd', 'e', 1, False, False)");
  });
});
