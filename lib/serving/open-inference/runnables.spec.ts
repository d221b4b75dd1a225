import { Tensor } from 'onnxruntime-common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../learner/errors/index.js';
import { InferenceMessageError } from '../../client/protocol/errors.js';
import type { InferTensor } from '../../client/protocol/messages.js';
import { servedRunners } from '../../../test/helpers/served-runners.js';
import { InvalidRunnableError } from '../models/errors.js';
import { runnableDefinitionOf, type RunnableClass } from '../models/custom/definition.js';
import { planRunnable } from '../models/custom/plan.js';
import { Runnable } from '../models/custom/runnable.decorator.js';
import { RunnableMethod } from '../models/custom/runnable-method.decorator.js';
import { RunnableRunner } from '../models/custom/runner.js';
import { ModelNotServableError, RunnableOutputError } from './errors.js';
import { OpenInferenceService } from './service.js';
import { readExact, writeExact } from './tensors/exact-json.js';

const pair = { datatype: 'INT32', shape: [-1, 16] } as const;

/** Triton's model "simple". */
@Runnable()
class Simple {
  @RunnableMethod({
    tensors: {
      inputs: [
        { name: 'INPUT0', ...pair },
        { name: 'INPUT1', ...pair },
      ],
      outputs: [
        { name: 'OUTPUT0', ...pair },
        { name: 'OUTPUT1', ...pair },
      ],
    },
  })
  add({ INPUT0, INPUT1 }: { INPUT0: Tensor; INPUT1: Tensor }): Record<string, Int32Array> {
    const b = INPUT1.data as Int32Array;
    const a = INPUT0.data as Int32Array;
    return {
      OUTPUT0: a.map((value, i) => value + b[i]!),
      OUTPUT1: a.map((value, i) => value - b[i]!),
    };
  }
}

@Runnable()
class Several {
  @RunnableMethod()
  echo(value: unknown): unknown {
    return value;
  }

  @RunnableMethod()
  async *count(most: number): AsyncGenerator<number> {
    for (let i = 0; i < most; i++) yield i;
  }

  @RunnableMethod({
    tensors: {
      inputs: [{ name: 'file', datatype: 'BYTES', shape: [-1], bytes: true }],
      outputs: [{ name: 'length', datatype: 'INT64', shape: [-1] }],
    },
  })
  async lengths(files: Uint8Array[]): Promise<Tensor> {
    if (files.length === 3) return new Tensor('float32', [1], [1]);
    const data = BigInt64Array.from(files, ({ length }) => BigInt(length));
    return new Tensor('int64', data, [files.length]);
  }
}

function runnerOf(runnable: RunnableClass): RunnableRunner {
  const definition = runnableDefinitionOf(runnable)!;
  return new RunnableRunner({
    runnable,
    definition,
    plan: planRunnable(runnable, definition),
    given: {},
    construct: async () => new (runnable as unknown as new () => object)(),
    warn: () => undefined,
  });
}

describe('A custom runnable', () => {
  const runners = { simple: runnerOf(Simple), several: runnerOf(Several) };
  const service = new OpenInferenceService(servedRunners(runners));
  beforeAll(async () => {
    await Promise.all(Object.values(runners).map((each) => each.open()));
  });
  afterAll(async () => {
    service.close();
    await Promise.all(Object.values(runners).map((each) => each.close()));
  });

  const int32 = (name: string, values: readonly number[]): InferTensor => {
    return { name, datatype: 'INT32', shape: [1, 16], data: Int32Array.from(values) };
  };
  const counting = Array.from({ length: 16 }, (_, i) => i);
  const infer = (modelName: string, inputs: InferTensor[], more = {}) =>
    service.infer({ modelName, modelVersion: '', inputs, ...more });
  const json = (...values: unknown[]): InferTensor[] => [
    {
      name: 'input',
      datatype: 'BYTES',
      shape: [values.length],
      data: values.map((value) => writeExact('input', value)),
    },
  ];

  it('takes and returns the tensors that it declares', async () => {
    expect(service.modelMetadata('simple', '')).toEqual({
      name: 'simple',
      versions: ['1'],
      platform: 'custom',
      inputs: [
        { name: 'INPUT0', ...pair },
        { name: 'INPUT1', ...pair },
      ],
      outputs: [
        { name: 'OUTPUT0', ...pair },
        { name: 'OUTPUT1', ...pair },
      ],
      properties: { kind: 'custom', methods: '["add"]' },
    });
    const ones = counting.map(() => 1);
    const { outputs } = await infer('simple', [int32('INPUT1', ones), int32('INPUT0', counting)]);
    expect(outputs).toEqual([
      int32(
        'OUTPUT0',
        counting.map((i) => i + 1),
      ),
      int32(
        'OUTPUT1',
        counting.map((i) => i - 1),
      ),
    ]);
    const asked = { outputs: [{ name: 'OUTPUT1' }] };
    const one = await infer('simple', [int32('INPUT0', ones), int32('INPUT1', ones)], asked);
    expect(one.outputs).toEqual([
      int32(
        'OUTPUT1',
        counting.map(() => 0),
      ),
    ]);
  });

  it.each([
    [1, 'text', null, [true], { a: { $b: 1n, $c: [-0, NaN, undefined] } }],
    [Float32Array.of(1, NaN), new Tensor('bool', [true, false], [2, 1]), '\ud800', { $number: 1 }],
  ])('takes and returns values as exact JSON', async (...values) => {
    const { outputs } = await infer('several', json(...values), { parameters: { method: 'echo' } });
    const [{ data, ...output }] = outputs as [InferTensor];
    expect(output).toMatchObject({ name: 'output', datatype: 'BYTES', shape: [values.length] });
    expect((data as string[]).map((text) => readExact('output', text))).toStrictEqual(values);
  });

  it('takes bytes unchanged, and checks the result of its method', async () => {
    const files = (count: number): InferTensor[] => [
      {
        name: 'file',
        datatype: 'BYTES',
        shape: [count],
        data: Array.from({ length: count }, () => Uint8Array.of(255, 0)),
      },
    ];
    const { outputs } = await infer('several', files(2));
    expect(outputs).toEqual([
      { name: 'length', datatype: 'INT64', shape: [2], data: BigInt64Array.of(2n, 2n) },
    ]);
    await expect(infer('several', files(3))).rejects.toThrow(RunnableOutputError);
  });

  it('answers several times if a method returns a stream', async () => {
    const ask = (name: string, inputs: InferTensor[], parameters = {}) =>
      service.inferStream({ modelName: name, modelVersion: '', id: 'a', inputs, parameters });
    const answers: unknown[] = [];
    const counted = ask('several', json(3), { method: 'count' });
    for await (const { outputs, ...answer } of counted!) {
      answers.push(outputs[0]!.data[0]);
      expect(answer).toEqual({ modelName: 'several', modelVersion: '1', id: 'a' });
    }
    expect(answers).toEqual(['0', '1', '2']);
    const [{ inferenceStats } = {}] = service.statistics('several', '');
    expect(inferenceStats!.success.count).toBeGreaterThan(0n);
    expect(ask('several', json(3), { method: 'echo' })).toBeUndefined();
    expect(ask('simple', [])).toBeUndefined();
    expect(() => ask('several', json(3, 4), { method: 'count' })).toThrow(InputError);
    expect(() => ask('several', [], { method: 'count' })).toThrow(InferenceMessageError);
  });

  it('refuses unknown methods, and streams as a single answer', async () => {
    const method = (name: string) => infer('several', json(1), { parameters: { method: name } });
    await expect(method('toString')).rejects.toThrow(InferenceMessageError);
    await expect(method('count')).rejects.toThrow(ModelNotServableError);
  });

  it.each([
    ['{"$number":"12"}', /\$number/],
    ['{"$bigint":"0x10"}', /\$bigint/],
    ['{"$tensor":{"datatype":"FP32","shape":[-1],"base64":""}}', /-1/],
    ['{"$tensor":{"datatype":"FP32","shape":[1e9],"base64":"AAAA"}}', /bytes/],
    ['{"$array":{"datatype":"BYTES","base64":""}}', /array/],
    ['{"$object":[["a"]]}', /\$object/],
    [`${'['.repeat(100)}${']'.repeat(100)}`, /deep/],
    ['nonsense', /JSON/],
  ])('refuses %s', async (data, message) => {
    const inputs: InferTensor[] = [{ name: 'input', datatype: 'BYTES', shape: [1], data: [data] }];
    const asked = infer('several', inputs, { parameters: { method: 'echo' } });
    await expect(asked).rejects.toThrow(InferenceMessageError);
    await expect(asked).rejects.toThrow(message);
  });

  it('does not allow access to a prototype', () => {
    const value = readExact('input', '{"__proto__":{"polluted":1},"a":1}') as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('The option tensors of a method', () => {
  const good = { name: 'a', datatype: 'FP32', shape: [-1] } as const;
  it.each<[string, unknown, RegExp]>([
    ['no outputs', { inputs: [good] }, /tensors\.outputs of run\(\) is not a list of tensors/],
    ['no inputs', { inputs: [], outputs: [good] }, /tensors\.inputs of run\(\)/],
    ['a name twice', { inputs: [good, good], outputs: [good] }, /inputs\[1\]\.name.*twice/],
    ['another datatype', { inputs: [{ ...good, datatype: 'float' }], outputs: [good] }, /is float/],
    ['no shape', { inputs: [{ ...good, shape: undefined }], outputs: [good] }, /shape of run\(\)/],
    ['bytes of numbers', { inputs: [{ ...good, bytes: true }], outputs: [good] }, /bytes/],
  ])('is refused with %s', (_what, tensors, message) => {
    const declare = (): unknown => {
      class Bad {
        run(): void {}
      }
      const method = Object.getOwnPropertyDescriptor(Bad.prototype, 'run')!;
      return RunnableMethod({ tensors: tensors as never })(Bad.prototype, 'run', method);
    };
    expect(declare).toThrow(InvalidRunnableError);
    expect(declare).toThrow(message);
  });

  it('is refused for a stream', () => {
    expect(() => {
      class Bad {
        async *run(): AsyncGenerator<number> {
          yield 1;
        }
      }
      const method = Object.getOwnPropertyDescriptor(Bad.prototype, 'run')!;
      RunnableMethod({ tensors: { inputs: [good], outputs: [good] } })(
        Bad.prototype,
        'run',
        method,
      );
    }).toThrow(/returns a stream, which tensors cannot hold/);
  });
});
