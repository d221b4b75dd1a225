import { describe, expect, it } from 'vitest';
import { Module, PyDict, PyGlobal, PyObject, Tensor, type PyValue } from '../../torch/index.js';
import { MalformedModuleError, UnsupportedModuleError } from '../errors.js';
import { lowerModel } from './lower-model.js';

interface Parts {
  readonly attrs?: Record<string, PyValue>;
  readonly parameters?: Record<string, Tensor | null>;
  readonly buffers?: Record<string, Tensor | null>;
  readonly children?: Record<string, PyObject>;
}

function record(className: string, parts: Parts = {}): PyObject {
  const dot = className.lastIndexOf('.');
  const object = new PyObject(new PyGlobal(className.slice(0, dot), className.slice(dot + 1)));
  const dict = (entries: Record<string, PyValue> = {}) => PyDict.from(Object.entries(entries));
  object.attrs.set('_parameters', dict(parts.parameters));
  object.attrs.set('_buffers', dict(parts.buffers));
  object.attrs.set('_modules', dict(parts.children));
  for (const [name, value] of Object.entries(parts.attrs ?? {})) object.attrs.set(name, value);
  return object;
}

const matrix = (rows: number, columns: number) =>
  Tensor.fromArray(new Float32Array(rows * columns).fill(0.5), [rows, columns]);

const linear = (parts: Parts = {}) =>
  record('torch.nn.modules.linear.Linear', {
    parameters: { weight: matrix(3, 4), bias: null },
    ...parts,
  });

const sequential = (children: Record<string, PyObject>) =>
  record('torch.nn.modules.container.Sequential', { children });

const lower = (root: PyObject) => lowerModel(Module.from(root)!);

const caught = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('lowerModel', () => {
  it('has the input of its first module', () => {
    const { inputs, outputs, hints } = lower(
      sequential({ '0': linear(), '1': record('torch.nn.modules.activation.ReLU') }),
    );
    expect(inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape }))).toEqual([
      { name: 'x', dtype: 'float32', shape: ['batch', 4] },
    ]);
    expect(outputs.map(({ name, shape }) => ({ name, shape }))).toEqual([
      { name: 'output', shape: ['batch', 3] },
    ]);
    expect(hints).toEqual({ kind: 'module' });
  });

  it('sees through wrappers', () => {
    const root = record('torch.nn.parallel.data_parallel.DataParallel', {
      children: { module: sequential({ '0': linear() }) },
    });
    expect(lower(root).outputs[0]?.shape).toEqual(['batch', 3]);
  });

  it('names the class and the path of an unknown module, and the remedy', () => {
    const error = caught(() =>
      lower(sequential({ '0': linear(), '1': sequential({ head: record('__main__.MyHead') }) })),
    );
    expect(error).toBeInstanceOf(UnsupportedModuleError);
    expect(error).toMatchObject({ path: '1.head', className: '__main__.MyHead' });
    expect((error as Error).message).toContain("Learner.load(pkl, { onnx: 'model.onnx' })");
    expect((error as Error).message).toContain('torch.onnx.export');
  });

  it('throws errors with finite properties, for tools that read all of them', () => {
    const { prototype } = UnsupportedModuleError;
    const described = Object.values(Object.getOwnPropertyDescriptors(prototype));
    expect(described.filter(({ get }) => get !== undefined)).toEqual([]);
  });

  it('names the unknown module if nothing shows the inputs', () => {
    const root = sequential({
      body: sequential({ '0': record('__main__.Backbone') }),
      '1': linear(),
    });
    expect(() => lower(root)).toThrow(/"body\.0" of the model is a __main__\.Backbone/);
    expect(() => lower(record('__main__.Model'))).toThrow(/The model itself is a __main__\.Model/);
  });

  it.each([
    ['_forward_hooks', 'forward hook'],
    ['_forward_pre_hooks', 'forward pre-hook'],
  ])('refuses %s that it does not know', (name, text) => {
    const hook = new PyObject(new PyGlobal('__main__', 'Hook'));
    const root = linear({
      parameters: { weight: matrix(3, 4), bias: null },
      attrs: { [name]: PyDict.from([[0, hook]]) },
    });
    expect(() => lower(root)).toThrow(UnsupportedModuleError);
    expect(() => lower(root)).toThrow(text);
  });

  it('refuses a forward that was replaced on the instance', () => {
    const root = linear({
      parameters: { weight: matrix(3, 4), bias: null },
      attrs: { forward: new PyGlobal('__main__', 'patched') },
    });
    expect(() => lower(root)).toThrow(/forward has been replaced/);
  });

  it('refuses batch statistics', () => {
    const batchNorm = record('torch.nn.modules.batchnorm.BatchNorm1d', {
      attrs: { eps: 1e-5 },
      buffers: { running_mean: null, running_var: null },
    });
    expect(() => lower(sequential({ '0': linear(), '1': batchNorm }))).toThrow(
      /"1" .* no running statistics/,
    );
  });

  it('refuses projections in an LSTM', () => {
    const lstm = record('torch.nn.modules.rnn.LSTM', { attrs: { num_layers: 1, proj_size: 2 } });
    const inputs = [{ name: 'x', dtype: 'float32', dims: ['steps', 'batch', 4] }] as const;
    expect(() => lowerModel(Module.from(lstm)!, { inputs })).toThrow(/proj_size/);
  });

  it('names the missing part of a damaged module', () => {
    expect(() => lower(linear({ parameters: { bias: null } }))).toThrow(MalformedModuleError);
    const elu = record('torch.nn.modules.activation.ELU', { attrs: { alpha: 'large' } });
    expect(() => lower(sequential({ '0': linear(), '1': elu }))).toThrow(/alpha is not a number/);
  });

  it('refuses weights that contradict each other', () => {
    const bias = Tensor.fromArray(new Float32Array(2), [2]);
    const root = linear({ parameters: { weight: matrix(3, 4), bias } });
    expect(() => lower(sequential({ '0': root }))).toThrow(/"0"/);
  });
});
