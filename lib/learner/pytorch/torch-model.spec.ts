import { readFileSync } from 'node:fs';
import { Tensor } from 'onnxruntime-common';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../errors/index.js';
import { UnquantizableModelError } from '../onnx/errors.js';
import { TorchScriptFileError } from '../torch/index.js';
import {
  InvalidModelInputError,
  NotAModuleError,
  TensorInputError,
  UnknownModelInputsError,
} from './errors.js';
import { difference, fixture, tensorOf, torchCases } from '../../../test/helpers/torch-cases.js';
import type { TorchModelOptions } from './model-graph.js';
import { TorchModel } from './torch-model.js';

const open: TorchModel[] = [];
afterAll(() => Promise.all(open.map((model) => model.release())));

async function load(name: string, options: TorchModelOptions = {}): Promise<TorchModel> {
  const model = await TorchModel.load(fixture(name), options);
  open.push(model);
  return model;
}

describe.each([...torchCases.keys()])('the module %s', (name) => {
  it("gives torch's numbers", async () => {
    const model = await load(`${name}.pt`);
    for (const { inputs, outputs } of torchCases.get(name)!) {
      const tensors = inputs.map(tensorOf);
      const result = await model.run(tensors.length === 1 ? tensors[0]! : tensors);
      expect(difference(result, outputs), inputs.map(({ shape }) => shape).join()).toBeLessThan(
        1e-5,
      );
    }
  });
});

describe('the inputs of a model', () => {
  it.each([
    ['text', [{ name: 'ids', dtype: 'int64', shape: [null, null] }]],
    ['language-model', [{ name: 'ids', dtype: 'int64', shape: [null, null] }]],
    [
      'tabular',
      [
        { name: 'x_cat', dtype: 'int64', shape: [null, 2] },
        { name: 'x_cont', dtype: 'float32', shape: [null, 3] },
      ],
    ],
    ['mlp', [{ name: 'x', dtype: 'float32', shape: [null, 4] }]],
    ['cnn', [{ name: 'x', dtype: 'float32', shape: [null, 3, null, null] }]],
    ['resnet', [{ name: 'x', dtype: 'float32', shape: [null, 3, null, null] }]],
    ['lstm', [{ name: 'x', dtype: 'float32', shape: [null, null, 5] }]],
    ['embedding', [{ name: 'ids', dtype: 'int64', shape: [null, null] }]],
    ['transformer-first', [{ name: 'x', dtype: 'float32', shape: [null, null, 8] }]],
  ])('%s tells it', async (name, inputs) => {
    expect((await load(`${name}.pt`)).inputs).toEqual(inputs);
  });

  it('may come from the caller', async () => {
    const inputs = [{ name: 'image', dtype: 'float32', shape: [null, 3, 9, 9] }] as const;
    const model = await load('cnn.pt', { inputs });
    expect(model.inputs).toEqual(inputs);
    await expect(
      model.run(new Tensor('float32', new Float32Array(300), [1, 3, 10, 10])),
    ).rejects.toThrow('takes float32 of shape [batch, 3, 9, 9], but received shape [1, 3, 10, 10]');
  });

  it('must be valid if they come from the caller', async () => {
    const broken = [[], [{ name: 'x' }], [{ name: 'x', dtype: 'complex64', shape: [1] }]];
    for (const inputs of broken) {
      const load = TorchModel.load(fixture('cnn.pt'), { inputs: inputs as never });
      await expect(load).rejects.toThrow(InvalidModelInputError);
    }
  });
});

describe('tensors as inputs', () => {
  const row = [0.1, -2, 3e-5, 7];

  it('can be nested arrays, typed arrays, tensors, lists and objects', async () => {
    const model = await load('mlp.pt');
    const wanted = (await model.run([row])) as Tensor;
    const forms = [
      [Float32Array.from(row)],
      { data: row, dims: [1, 4] },
      { data: Float32Array.from(row), dims: [1, 4] },
      new Tensor('float32', Float32Array.from(row), [1, 4]),
      [new Tensor('float32', Float32Array.from(row), [1, 4])],
      { x: [row] },
      { x: { data: Float32Array.from(row), dims: [1, 4] } },
      new Tensor('float64', Float64Array.from(row, Math.fround), [1, 4]),
    ];
    for (const form of forms) {
      const result = (await model.run(form as never)) as Tensor;
      expect(result.dims).toEqual([1, 3]);
      expect(result.data).toEqual(wanted.data);
    }
  });

  it('ids stay ids in any integer type', async () => {
    const model = await load('embedding.pt');
    const wanted = (await model.run([[0, 6]])) as Tensor;
    for (const data of [
      BigInt64Array.of(0n, 6n),
      Int32Array.of(0, 6),
      Uint8Array.of(0, 6),
      Float64Array.of(0, 6),
      [0n, 6n],
    ]) {
      const result = (await model.run({ data, dims: [1, 2] })) as Tensor;
      expect(result.data).toEqual(wanted.data);
    }
  });

  it.each<[string, string, unknown, RegExp]>([
    ['a fraction for an id', 'embedding', [[1.5]], /int64.*numbers with 1\.5/],
    ['a fraction in a typed array', 'embedding', [Float32Array.of(1.5)], /float32 with 1\.5/],
    ['an id beyond the embedding', 'embedding', [[7]], /id 7.*0 to 6/],
    ['a negative id', 'embedding', [[-1]], /id -1/],
    ['an id beyond 2^53', 'embedding', [[2 ** 70]], /int64 cannot hold/],
    ['a code beyond its column', 'tabular', [[[4, 9]], [[1, 2, 3]]], /id 9 in column 1.*0 to 8/],
    ['one input of two', 'tabular', [[[1, 2]]], /the call gives 1 tensors/],
    ['an input that is not there', 'tabular', { x_cat: [[1, 2]], y: [[1]] }, /"y".*does not exist/],
    ['an input too few', 'tabular', { x_cat: [[1, 2]] }, /"x_cont".*is missing/],
    [
      'different batches',
      'tabular',
      [
        [[1, 2]],
        [
          [1, 2, 3],
          [1, 2, 3],
        ],
      ],
      /"batch"/,
    ],
    [
      'a double that float32 cannot hold',
      'mlp',
      { data: Float64Array.of(0.1, 1, 1, 1), dims: [1, 4] },
      /float64 with 0\.1/,
    ],
    [
      'an integer that float32 cannot hold',
      'mlp',
      { data: Int32Array.of(16777217, 1, 1, 1), dims: [1, 4] },
      /16777217/,
    ],
    ['a number beyond float32', 'mlp', [[1e300, 1, 1, 1]], /1e\+300/],
    ['booleans', 'mlp', [[true, false, true, true]], /true/],
    ['texts', 'mlp', [['1', '2', '3', '4']], /"1"/],
    ['a wrong width', 'mlp', [[1, 2, 3]], /\[\.\.\., 4\].*\[1, 3\]/],
    ['a wrong rank', 'cnn', [[1, 2, 3]], /\[batch, 3, height, width\]/],
    ['no row', 'mlp', [], /no row/],
    ['empty rows', 'mlp', [[]], /no element/],
    ['a size of 0', 'cnn', { data: [], dims: [1, 3, 0, 4] }, /no element/],
    ['ragged rows', 'mlp', [[1, 2, 3, 4], [1]], /differ/],
    [
      'rows that announce more than there is',
      'embedding',
      [Array<number>(70_000).fill(1), ...Array<number[]>(70_000).fill([])],
      /differ/,
    ],
    ['dims that lie', 'mlp', { data: [1, 2], dims: [1, 4] }, /2 elements.*4/],
    ['negative dims', 'mlp', { data: [1], dims: [-1, -1] }, /dims/],
    ['nothing', 'mlp', undefined, /undefined/],
    ['an object', 'mlp', {}, /missing/],
    ['a date', 'mlp', [new Date(0)], /differ/],
    [
      'an image that the kernels do not fit on',
      'cnn',
      { data: [1, 2, 3], dims: [1, 3, 1, 1] },
      /cannot be of shape|\[1, 3, 1, 1\]/,
    ],
  ])('refuses %s', async (_, name, item, message) => {
    const model = await load(`${name}.pt`);
    const run = model.run(item as never);
    await expect(run).rejects.toThrow(InputError);
    await expect(run).rejects.toThrow(message);
  });
});

describe('text classifiers', () => {
  const row = [5, 17, 1, 9, 30];

  it('give each row the same numbers as without its padding', async () => {
    const model = await load('text.pt');
    const alone = (await model.run([row])) as Tensor;
    const other = (await model.run([[8, 4]])) as Tensor;
    const padded = (await model.run([
      [1, 1, ...row, 1],
      [8, 4, 1, 1, 1, 1, 1, 1],
      [1, 1, 1, ...row],
    ])) as Tensor;
    expect(padded.dims).toEqual([3, 3]);
    const wanted = [...alone.data, ...other.data, ...alone.data] as number[];
    (padded.data as Float32Array).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 5));
  });

  it('refuse rows with only padding, and unknown ids', async () => {
    const model = await load('text.pt');
    await expect(model.run([[1, 1]])).rejects.toThrow('is all padding');
    await expect(model.run([[40]])).rejects.toThrow('ends at 39');
    await expect(model.run([5, 6])).rejects.toThrow(TensorInputError);
  });
});

describe('files', () => {
  it.each<[string, new (...args: never[]) => Error, RegExp]>([
    ['weights.pt', NotAModuleError, /state_dict.*torch\.save\(model, path\)/],
    ['checkpoint.pt', NotAModuleError, /epoch, model, optimizer.*checkpoint/],
    ['checkpoint-module.pt', NotAModuleError, /torch\.save\(checkpoint\["model"\], path\)/],
    ['script.pt', TorchScriptFileError, /TorchScript/],
  ])('refuses %s', async (name, error, message) => {
    await expect(load(name)).rejects.toThrow(error);
    await expect(load(name)).rejects.toThrow(message);
  });

  it('reads bytes as well', async () => {
    const model = await TorchModel.load(readFileSync(fixture('mlp.pt')));
    open.push(model);
    const { inputs, outputs } = torchCases.get('mlp')![1]!;
    expect(difference(await model.run(inputs.map(tensorOf)), outputs)).toBeLessThan(1e-5);
  });

  it('runs an ONNX file with its data file', async () => {
    const model = await load('onnx/mlp.onnx');
    expect(model.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [null, 4] }]);
    const { inputs, outputs } = torchCases.get('mlp')![0]!;
    expect(difference(await model.run(inputs.map(tensorOf)), outputs)).toBeLessThan(1e-5);
    await expect(model.run([[1, 2]])).rejects.toThrow('[batch, 4]');
  });

  it('quantizes an ONNX file, and warns when that has no effect', async () => {
    const warnings: string[] = [];
    const options = { precision: 'int8', warn: (text: string) => warnings.push(text) } as const;
    const model = await TorchModel.load(fixture('onnx-int8/data-file.onnx'), options);
    open.push(model);
    expect(model.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [null, 40] }]);
    const { dims } = (await model.run([Array.from({ length: 40 }, () => 0.5)])) as Tensor;
    expect(dims).toEqual([1, 2]);
    expect(warnings).toEqual([]);
    open.push(await TorchModel.load(fixture('onnx/mlp.onnx'), options));
    expect(warnings.join()).toContain('has no effect');
  });

  it('cannot quantize the bytes of an ONNX file with weights in other files', async () => {
    const bytes = readFileSync(fixture('onnx-int8/data-file.onnx'));
    await expect(TorchModel.load(bytes, { precision: 'int8' })).rejects.toThrow(
      UnquantizableModelError,
    );
  });

  it('does not run after it was released', async () => {
    const model = await TorchModel.load(fixture('mlp.pt'));
    await model.release();
    await model.release();
    await expect(model.run([[1, 2, 3, 4]])).rejects.toThrow('released');
  });
});

it('says what to do if the inputs of a model are unknown', () => {
  expect(new UnknownModelInputsError('a.B').message).toContain('inputs: [{');
});
