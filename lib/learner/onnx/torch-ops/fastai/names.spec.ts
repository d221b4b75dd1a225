import { expect, it } from 'vitest';
import { RecordReader } from '../../../python/records/index.js';
import { List, Tuple, type Value } from '../../../python/values.js';
import { PyGlobal } from '../../../torch/python.js';
import { GraphBuilder } from '../../graph-builder.js';
import { LoweringContext } from '../../lowering/context.js';
import { lowerings } from '../../lowering/registry.js';
import { Program } from '../../tracing/program.js';

const program = Program.of({ lowerings });
const graph = new GraphBuilder();
program.modules.on(new LoweringContext(graph, lowerings));
const { evaluator } = program;
const x = program.env.tensor(graph.input('x', 'float32', ['batch', 4]), 'float32');

const call = (name: string, args: readonly Value[], kwargs: Record<string, Value> = {}): Value =>
  evaluator.call(evaluator.resolve(name)!, args, new Map(Object.entries(kwargs)));
const list = (...items: Value[]): List => new List(items);
const items = (value: Value): Value[] => [...evaluator.iterate(value)];

it('knows helpers in the modules of any version', () => {
  expect(call('fastcore.basics.noop', [3n, 4n])).toBe(3n);
  expect(call('fastai.imports.noop', [3n])).toBe(3n);
  expect(call('fastcore.basics.ifnone', [null, 5n])).toBe(5n);
  expect(call('fastcore.imports.is_listy', [new Tuple([])])).toBe(true);
  expect(call('fastcore.basics.first', [list(7n, 8n)])).toBe(7n);
  expect(items(call('fastcore.basics.listify', ['ab']))).toEqual(['ab']);
  expect(evaluator.resolve('mine.noop')).toBeUndefined();
  expect(evaluator.resolve('fastcore.constructor')).toBeUndefined();
  expect(evaluator.resolve('fastcore.__proto__')).toBeUndefined();
});

it('knows names in the modules that re-export them', () => {
  for (const module of ['fastai.vision.all', 'fastai.basics', 'fastai.text.all', 'fastai.collab']) {
    expect(evaluator.star(module, 'Module')).toBe(evaluator.resolve('torch.nn.Module'));
    expect(evaluator.resolve(`${module}.Module`)).toBe(evaluator.resolve('torch.nn.Module'));
    expect(evaluator.resolve(`${module}.partial`)).toBe(evaluator.resolve('functools.partial'));
    expect(evaluator.resolve(`${module}.constructor`)).toBeUndefined();
  }
  expect(evaluator.resolve('fastai.collab.EmbeddingNN')).toBeDefined();
});

it("does not decide which objects are fastai's tensors", () => {
  const reader = new RecordReader({
    resolve: (name) => evaluator.resolve(name),
    foreign: () => undefined,
    context: () => evaluator,
  });
  const cls = reader.value(new PyGlobal('fastai.torch_core', 'TensorImage'));
  expect(() => evaluator.isInstance(x, cls)).toThrow(
    'isinstance() with fastai.torch_core.TensorImage is not supported',
  );
  expect(evaluator.isInstance(3n, cls)).toBe(false);
});

it('has the methods of L', () => {
  const made = call('fastcore.foundation.L', [list(3n, 1n, 3n)]);
  const method = (name: string, ...args: Value[]): Value =>
    evaluator.call(evaluator.getAttr(made, name), args);
  const noop = evaluator.resolve('fastcore.basics.noop')!;
  expect(items(method('map', noop))).toEqual([3n, 1n, 3n]);
  expect(items(method('unique'))).toEqual([3n, 1n]);
  expect(items(method('sorted'))).toEqual([1n, 3n, 3n]);
  expect(items(evaluator.getItem(made, list(0n, 2n)))).toEqual([3n, 3n]);
  expect(items(evaluator.binary('+', made, list(9n)))).toEqual([3n, 1n, 3n, 9n]);
  expect(method('sum')).toBe(7n);
});

it('knows the names of a star import', () => {
  const star = (name: string): Value | undefined => evaluator.star('fastai.vision.all', name);
  expect(star('F')).toBe(evaluator.resolve('torch.nn.functional'));
  expect(star('noop')).toBe(evaluator.resolve('fastcore.imports.noop'));
  expect(star('nn')).toBe(evaluator.resolve('torch.nn'));
  expect(star('constructor')).toBeUndefined();
  expect(evaluator.star('numpy', 'F')).toBeUndefined();
});

it('makes layers without weights, and refuses those whose weights or answers would be random', () => {
  const softmax = call('torch.nn.Softmax', [], { dim: 1n });
  expect(evaluator.call(softmax, [x])).toMatchObject({ dtype: 'float32' });
  const steps = graph.steps.map(({ op }) => op);
  expect(steps.at(-1)).toBe('Softmax');
  const square = call('torch.nn.MSELoss', [], { reduction: 'none' });
  expect(evaluator.call(square, [x, x])).toMatchObject({ dtype: 'float32' });
  expect(() => call('torch.nn.Linear', [4n, 2n])).toThrow('new weights');
  expect(() => call('torch.nn.Dropout', [0.5])).toThrow('random');
  expect(() => call('torch.nn.BatchNorm1d', [4n])).toThrow('statistics of the batch');
});

it('refuses random functions, and says where they are called', () => {
  expect(() => call('torch.nn.functional.dropout', [x])).toThrow('random');
  expect(call('torch.nn.functional.dropout', [x], { training: false })).toBe(x);
  expect(() => call('torch.nn.init.normal_', [x])).toThrow('random');
});
