import { readFileSync } from 'node:fs';
import { Tensor } from 'onnxruntime-common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InferRequest, InferTensor } from '../../client/protocol/messages.js';
import {
  learnerRunner,
  moduleRunner,
  servedRunners,
  type InProcessLearner,
} from '../../../test/helpers/served-runners.js';
import type { RunnerHandle } from '../runner/runner-types.js';
import { OpenInferenceService } from './service.js';
import { inferTensor, tensorOf } from './tensors/onnx-tensor.js';
import { stacked, unstacked } from './tensors/stack.js';
import { predictionsOf } from './tensors/prediction.js';

const texts = ['I really liked that movie!', 'awful', 'it was ok, I guess'];
const folder = 'test/fixtures/learners';

interface ModuleCase {
  readonly inputs: readonly {
    readonly dtype: 'float32' | 'int64';
    readonly shape: readonly number[];
    readonly data: readonly number[];
  }[];
}
const CASES = JSON.parse(readFileSync('test/fixtures/pytorch/cases.json', 'utf8')) as Record<
  string,
  readonly ModuleCase[]
>;
const MODULES = Object.fromEntries(
  ['mlp', 'text', 'tabular', 'cnn', 'lstm', 'transformer'].map((name) => [name, CASES[name] ?? []]),
);
const modules: Record<string, RunnerHandle> = {};

let sentiment: InProcessLearner;
let labels: InProcessLearner;
let regression: InProcessLearner;
let service: OpenInferenceService;

beforeAll(async () => {
  sentiment = await learnerRunner(`${folder}/few_rules`);
  labels = await learnerRunner(`${folder}/multi_label`);
  regression = await learnerRunner(`${folder}/regression`);
  for (const name of Object.keys(MODULES)) {
    modules[name] = await moduleRunner(`test/fixtures/pytorch/${name}.pt`);
  }
  service = new OpenInferenceService(servedRunners({ sentiment, labels, regression, ...modules }));
});

afterAll(() => service.close());

const text = (data: readonly string[], name = 'text'): InferTensor => ({
  name,
  datatype: 'BYTES',
  shape: [data.length],
  data,
});

const ask = (modelName: string, inputs: InferTensor[], more = {}): InferRequest => ({
  modelName,
  modelVersion: '',
  inputs,
  ...more,
});

describe('OpenInferenceService', () => {
  it.each(['sentiment', 'labels', 'regression'])(
    "gives the runner's results for %s, bit by bit",
    async (name) => {
      const runner = { sentiment, labels, regression }[name]!;
      const local = await Promise.all(texts.map((item) => runner.predict.run(item)));
      const { outputs } = await service.infer(ask(name, [text(texts)]));
      expect(predictionsOf(outputs)).toEqual(local);
    },
  );

  it('describes the inputs and outputs of a classifier', () => {
    expect(service.modelMetadata('sentiment', '')).toMatchObject({
      name: 'sentiment',
      versions: ['1'],
      platform: 'fastai',
      inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
      outputs: [
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
        { name: 'target', datatype: 'INT64', shape: [-1] },
        { name: 'decoded', datatype: 'BYTES', shape: [-1] },
      ],
    });
  });

  it('describes the inputs and outputs of a module', () => {
    expect(service.modelMetadata('mlp', '')).toEqual({
      name: 'mlp',
      versions: ['1'],
      platform: 'pytorch',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [{ name: 'output', datatype: 'FP32', shape: [-1, 3] }],
      properties: { kind: 'module' },
    });
  });

  it.each(Object.entries(MODULES))(
    'gives the same tensors for %s as in process',
    async (name, cases) => {
      const { inputs, outputs } = service.modelMetadata(name, '');
      expect(cases.length).toBeGreaterThan(0);
      for (const { inputs: given } of cases) {
        const tensors = given.map(({ dtype, shape, data }) => {
          const values =
            dtype === 'int64' ? BigInt64Array.from(data, BigInt) : Float32Array.from(data);
          return new Tensor(dtype, values as Float32Array, shape);
        });
        const local = await modules[name]!.method('__call__').run(tensors);
        const sent = inputs.map((input, at) => inferTensor(input.name, tensors[at]!));
        // By name, whatever their order.
        const answer = await service.infer(ask(name, [...sent].reverse()));
        expect(answer.outputs.map(({ name: output }) => output)).toEqual(
          outputs.map((each) => each.name),
        );
        expect(answer.outputs.map(tensorOf)).toEqual([local].flat());
      }
    },
  );
});

describe('Tensors', () => {
  it.each([
    ['BOOL', Uint8Array.of(0, 1)],
    ['UINT8', Uint8Array.of(0, 255)],
    ['UINT16', Uint16Array.of(1, 2)],
    ['UINT32', Uint32Array.of(1, 2 ** 32 - 1)],
    ['UINT64', BigUint64Array.of(0n, 2n ** 64n - 1n)],
    ['INT8', Int8Array.of(-1, 1)],
    ['INT16', Int16Array.of(-1, 1)],
    ['INT32', Int32Array.of(-1, 1)],
    ['INT64', BigInt64Array.of(-(2n ** 63n), 1n)],
    ['FP16', Uint16Array.of(0x3c01, 0x7e01)],
    ['FP32', Float32Array.of(NaN, -0)],
    ['FP64', Float64Array.of(Infinity, 0.1)],
    ['BYTES', ['a', 'é']],
  ] as const)('do not change the elements of %s', (datatype, data) => {
    const tensor: InferTensor = { name: 'x', datatype, shape: [2, 1], data };
    expect(inferTensor('x', tensorOf(tensor))).toStrictEqual(tensor);
  });

  it('of one item each are the same after they were joined and split', () => {
    const tensors = [1, 2, 3].map(
      (value) => new Tensor('float32', Float32Array.of(value, NaN), [1, 2]),
    );
    const together = stacked('x', tensors);
    expect(together.shape).toEqual([3, 1, 2]);
    expect(unstacked(together)).toStrictEqual(tensors);
    expect(() => stacked('x', [tensors[0]!, new Tensor('float32', [1], [1])])).toThrow(
      '"x" has the shape [1, 2] in item 0, but [1] in item 1 (counted from 0); send these items one by one.',
    );
  });
});
