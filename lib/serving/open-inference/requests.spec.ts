import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { InputError } from '../../learner/errors/index.js';
import { InferenceMessageError } from '../../client/protocol/errors.js';
import type { InferRequest, InferTensor } from '../../client/protocol/messages.js';
import {
  learnerRunner,
  moduleRunner,
  runner,
  servedRunners,
} from '../../../test/helpers/served-runners.js';
import { tellObservers } from '../runtime/runner-observer.js';
import {
  InferenceItemError,
  InvalidOpenInferenceOptionError,
  ModelNotReadyError,
  ModelNotServableError,
  ModelNotServedError,
  RepositoryClosedError,
  ResponseTooLargeError,
} from './errors.js';
import type { ServedRunner, ServedRunners } from './contract.js';
import { openInferenceService } from './open-service.js';
import { OpenInferenceService } from './service.js';

let runners: ServedRunners;
let service: OpenInferenceService;
beforeAll(async () => {
  const text = await learnerRunner('test/fixtures/learners/few_rules');
  const rows = await learnerRunner('test/fixtures/tabular/typed.pkl');
  const masks = await learnerRunner('test/fixtures/vision/learners/grey');
  const mlp = await moduleRunner('test/fixtures/pytorch/mlp.pt');
  const two = await moduleRunner('test/fixtures/pytorch/tabular.pt');
  const broken = runner('broken', new Map());
  runners = servedRunners({ text, rows, masks, mlp, two, broken });
  service = new OpenInferenceService(runners);
});
afterAll(() => service.close());

const texts = (data: InferTensor['data'], shape = [data.length], name = 'text'): InferTensor => {
  return { name, datatype: 'BYTES', shape, data };
};
const floats = (shape: readonly number[], name = 'x'): InferTensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  return { name, datatype: 'FP32', shape, data: new Float32Array(count) };
};
const ask = (modelName: string, inputs: readonly InferTensor[], more = {}): InferRequest => {
  return { modelName, modelVersion: '', inputs, ...more };
};

describe('A request of inference', () => {
  it.each<[string, () => InferRequest, RegExp]>([
    ['no input', () => ask('text', []), /"text" of the model "text" is missing/],
    [
      'a parameter that is not a boolean',
      () => ask('text', [texts(['a'])], { parameters: { show: 'yes' } }),
      /"show" is not a boolean/,
    ],
    [
      'two items to explain',
      () => ask('text', [texts(['a', 'b'])], { parameters: { explain: true } }),
      /"explain" got 2 items/,
    ],
    [
      'a target that names no class',
      () => ask('text', [texts(['a'])], { parameters: { explain: true, explain_target: true } }),
      /"explain_target" is a boolean/,
    ],
    [
      'an output of another method',
      () =>
        ask('text', [texts(['a'])], { parameters: { show: true }, outputs: [{ name: 'target' }] }),
      /"target" is not an output .*ask for "shown"/,
    ],
    [
      'a row to decode for a model of texts',
      () => ask('text', [texts(['{}'], [1], 'row')], { parameters: { decode_row: true } }),
      /"decode_row" needs a tabular learner/,
    ],
    [
      'a row to decode that is a list',
      () => ask('rows', [texts(['[1]'], [1], 'row')], { parameters: { decode_row: true } }),
      /"row" is not an object of columns/,
    ],
    [
      'both forms of augmented answers',
      () => {
        const parameters = { tta: 2, tta_beta: 0.5, tta_separate: true };
        return ask('masks', [texts([Buffer.from('x')], [1], 'image')], { parameters });
      },
      /"tta_separate" and "tta_beta" are given/,
    ],
    [
      'an unknown input',
      () => ask('text', [texts(['a'], [1], 'words')]),
      /"words" is not an input .*send "text"/,
    ],
    [
      'one beside it',
      () => ask('text', [texts(['a']), texts(['a'], [1], 'b')]),
      /"b" is not an input/,
    ],
    ['an input twice', () => ask('text', [texts(['a']), texts(['b'])]), /"text" appears twice/],
    [
      'another datatype',
      () => ask('text', [{ ...floats([1]), name: 'text' }]),
      /is FP32; send BYTES/,
    ],
    [
      'another rank',
      () => ask('text', [texts(['a', 'b'], [1, 2])]),
      /has the shape \[1, 2\]; send \[-1\]/,
    ],
    ['no item', () => ask('text', [texts([])]), /is empty \(shape \[0\]\)/],
    [
      'less than the shape has',
      () => ask('text', [texts(['a'], [2])]),
      /has 1 elements, which do not match its shape \[2\]/,
    ],
    ['a size below 0', () => ask('text', [texts(['a'], [-1])]), /the size -1/],
    [
      'sizes that overflow',
      () => ask('text', [texts(['a'], [2 ** 40, 2 ** 40])]),
      /too many elements/,
    ],
    [
      'bytes that are no text',
      () => ask('text', [texts([Uint8Array.of(0xff)])]),
      /Element 0 .* UTF-8/,
    ],
    [
      'an unknown output',
      () => ask('text', [texts(['a'])], { outputs: [{ name: 'x' }] }),
      /"x" is not an output .*"probabilities", "target", "decoded"/,
    ],
    [
      'an output twice',
      () => ask('text', [texts(['a'])], { outputs: [{ name: 'target' }, { name: 'target' }] }),
      /requested twice/,
    ],
    [
      'a prototype as a name',
      () => ask('text', [texts(['a'], [1], '__proto__')]),
      /"__proto__" is not an input/,
    ],
    [
      'FP64 for FP32',
      () => ask('mlp', [{ name: 'x', datatype: 'FP64', shape: [1, 4], data: new Float64Array(4) }]),
      /is FP64; send FP32/,
    ],
    ['a size that differs', () => ask('mlp', [floats([1, 5])]), /\[batch, 4\]|\[1, 5\]/],
    ['one of two tensors', () => ask('two', [floats([1, 3], 'numbers')]), /missing|not an input/],
    [
      'pixels of 5 channels',
      () =>
        ask('masks', [
          { name: 'image', datatype: 'UINT8', shape: [1, 1, 5], data: new Uint8Array(5) },
        ]),
      /1 to 4 channels/,
    ],
    [
      'pixels of 2 dimensions',
      () =>
        ask('masks', [
          { name: 'image', datatype: 'UINT8', shape: [2, 2], data: new Uint8Array(4) },
        ]),
      /channels/,
    ],
    ['no image', () => ask('masks', [texts(['a'], [1], 'image')]), /image/],
  ])('is refused with %s', async (_what, request, message) => {
    const answer = service.infer(request());
    await expect(answer).rejects.toThrow(InputError);
    await expect(answer).rejects.toThrow(message);
  });

  it('is refused with too many items', async () => {
    const few = new OpenInferenceService(runners, { maxRows: 2, maxResponseBytes: 30 });
    const asked = (count: number) =>
      few.infer(ask('text', [texts(Array<string>(count).fill('a'))]));
    await expect(asked(3)).rejects.toThrow(/has 3 items; send 2 at most \(maxRows\)/);
    await expect(asked(1)).resolves.toBeDefined();
    await expect(asked(2)).rejects.toThrow(ResponseTooLargeError);
    few.close();
    expect(() => new OpenInferenceService(runners, { maxRows: 0 })).toThrow(
      InvalidOpenInferenceOptionError,
    );
  });

  it('is refused with a text if the categories are numbers, unless it says so', async () => {
    const row = {
      age: 59,
      hours: 52.1,
      gain: 4051,
      years: 7,
      work: 'x',
      level: 7,
      ratio: 2.25,
      married: false,
      size: 'medium',
    };
    const { itemCodecOf } = await import('./tensors/item-codec.js');
    const { runner: handle } = runners.list().find(({ name }) => name === 'rows')!;
    const { description } = handle as never as { description: never };
    const inputs = (await itemCodecOf('rows', description).inputsOf(row)).map((input) =>
      input.name === 'level' ? texts(['7'], [1], 'level') : input,
    );
    await expect(service.infer(ask('rows', inputs))).rejects.toThrow(
      /"level" are not strings.*INT64/,
    );
    const meant = inputs.map((input) => ({
      ...input,
      ...(input.name === 'level' && { parameters: { text: true } }),
    }));
    const { outputs } = await service.infer(ask('rows', meant));
    const local = await handle.method('predict').run({ ...row, level: '7' });
    const { predictionsOf } = await import('./tensors/prediction.js');
    expect(predictionsOf(outputs)).toStrictEqual([local]);
    const missing = inputs.filter(({ name }) => name !== 'level' && name !== 'size');
    await expect(service.infer(ask('rows', missing))).rejects.toThrow(
      /"level", "size" of the model "rows" are missing/,
    );
    const uneven = inputs.map((input) =>
      input.name === 'work' ? texts(['a', 'b'], [2], 'work') : input,
    );
    await expect(service.infer(ask('rows', uneven))).rejects.toThrow(InferenceMessageError);
  });

  it('names the first item that cannot be predicted, and gives the others up', async () => {
    const run = vi.fn(async (item: unknown) => {
      if (item === 'bad') throw new InferenceMessageError('It is bad', 'send a good one');
      await new Promise((resolve) => setImmediate(resolve));
      return [item, floats([1]), floats([1])];
    });
    const predict = Object.assign(runner('p', new Map([['predict', run]])), {
      description: { kind: 'text', task: 'classify' },
    });
    const own = new OpenInferenceService(servedRunners({ p: predict }));
    const items = Array.from({ length: 1000 }, (_, i) => (i === 3 ? 'bad' : `${i}`));
    const answer = own.infer(ask('p', [texts(items)]));
    await expect(answer).rejects.toThrow(InferenceItemError);
    await expect(answer).rejects.toThrow('Item 3 (counted from 0): It is bad; send a good one.');
    expect(run.mock.calls.length).toBeLessThanOrEqual(65);
    own.close();
  });

  it('returns the requested outputs in order', async () => {
    const outputs = [{ name: 'decoded' }, { name: 'probabilities' }];
    const answer = await service.infer(ask('text', [texts(['a'])], { outputs, id: 'x' }));
    expect(answer).toMatchObject({ modelName: 'text', modelVersion: '1', id: 'x' });
    expect(answer.outputs.map(({ name }) => name)).toEqual(['decoded', 'probabilities']);
  });

  it('may have its items in a column', async () => {
    const [column, row] = await Promise.all(
      [[2, 1], [2]].map((shape) => service.infer(ask('text', [texts(['a', 'b'], shape)]))),
    );
    expect(column).toEqual(row);
  });

  it('does not change the tensors of the request', async () => {
    const input = { ...floats([2, 4]), data: Float32Array.from({ length: 8 }, (_, i) => i) };
    await service.infer(ask('mlp', [input]));
    expect(input.data).toHaveLength(8);
  });
});

describe('The catalog', () => {
  const versions = (...list: readonly (readonly [string, boolean])[]): ServedRunners => {
    const [{ runner: handle }] = runners.list().filter(({ name }) => name === 'text') as [
      ServedRunner,
    ];
    const all = list.map(([version, latest]) => ({ name: 'm', version, latest, runner: handle }));
    return { list: () => all };
  };

  it('finds a version, the latest, and nothing else', async () => {
    const of = new OpenInferenceService(versions(['b', true], ['a', false]));
    expect(of.models()).toEqual(['m']);
    const answered = (modelVersion: string) =>
      of.infer({ ...ask('m', [texts(['a'])]), modelVersion }).then((answer) => answer.modelVersion);
    expect(await answered('')).toBe('b');
    expect(await answered('latest')).toBe('b');
    expect(await answered('a')).toBe('a');
    await expect(answered('c')).rejects.toThrow('The model "m" has no version "c"; use b, a');
    expect(of.modelMetadata('m', 'a').versions).toEqual(['a', 'b']);
    expect(() => of.modelReady('n', '')).toThrow(ModelNotServedError);
    expect(() => of.modelMetadata('constructor', '')).toThrow(
      'The model "constructor" is not served; use m.',
    );
    of.close();
  });

  it('serves a new version', () => {
    let list = versions(['1', true]).list();
    const of = new OpenInferenceService({ list: () => list });
    list = versions(['2', true]).list();
    expect(of.modelMetadata('m', '').versions).toEqual(['2']);
    of.close();
  });

  it('updates metadata when another version replaces a learner', () => {
    const handle = Object.assign(runner('m', new Map()), {
      description: { kind: 'text', task: 'classify', classes: ['a', 'b'] },
    });
    const of = new OpenInferenceService(servedRunners({ m: handle }));
    expect(of.modelMetadata('m', '').outputs[0]!.shape).toEqual([-1, 2]);
    handle.description = { kind: 'text', task: 'classify', classes: ['a', 'b', 'c'] };
    expect(of.modelMetadata('m', '').outputs[0]!.shape).toEqual([-1, 3]);
    of.close();
  });

  it('names a model that is not ready, and one that does not describe itself', async () => {
    const [served] = versions(['1', true]).list() as [ServedRunner];
    const unready = { ...served, runner: { ...runner('x', new Map()), ready: false } };
    const of = new OpenInferenceService({ list: () => [unready] });
    expect(of.serverReady()).toBe(false);
    expect(of.modelReady('m', '')).toBe(false);
    await expect(of.infer(ask('m', []))).rejects.toThrow(ModelNotReadyError);
    of.close();
    expect(() => service.modelMetadata('broken', '')).toThrow(ModelNotServableError);
  });

  it('does not allow clients to load and unload', async () => {
    await expect(service.repositoryLoad('x')).rejects.toThrow(RepositoryClosedError);
    await expect(service.repositoryUnload('x')).rejects.toThrow(RepositoryClosedError);
    const index = await service.repositoryIndex(true);
    expect(index[0]).toEqual({ name: 'text', version: '1', state: 'READY', reason: '' });
  });
});

describe('Statistics and configuration', () => {
  it('count requests, and the figures of runners', async () => {
    const of = await openInferenceService(runners);
    const [{ runner: handle }] = runners.list() as [ServedRunner];
    await of.infer(ask('text', [texts(['a', 'b'])]));
    await expect(of.infer(ask('text', []))).rejects.toThrow(InputError);
    const call = {
      runner: handle.tag,
      method: 'predict',
      waitMs: 2,
      runMs: 3,
      outcome: 'ok',
    } as const;
    tellObservers('called', call);
    tellObservers('called', { ...call, outcome: 'abandoned' });
    tellObservers('called', { ...call, runner: 'another' });
    const [statistics] = of.statistics('text', '');
    expect(statistics).toMatchObject({
      name: 'text',
      version: '1',
      inferenceCount: 2n,
      executionCount: 1n,
      inferenceStats: {
        success: { count: 1n },
        fail: { count: 1n },
        queue: { count: 1n, ns: 2_000_000n },
        compute_input: { count: 1n },
        compute_infer: { count: 1n, ns: 3_000_000n },
        compute_output: { count: 1n },
        cache_hit: { count: 0n, ns: 0n },
      },
    });
    expect(statistics!.inferenceStats.success.ns).toBeGreaterThan(0n);
    expect(of.statistics('', '')).toHaveLength(runners.list().length);
    of.close();
    tellObservers('called', call);
    expect(of.statistics('text', '')[0]!.executionCount).toBe(1n);
  });

  it('counts runs of batches, not the calls that share them', async () => {
    const of = await openInferenceService(runners);
    of.statistics('mlp', '');
    const { runner: handle } = runners.list().find(({ name }) => name === 'mlp')!;
    const how = { runner: handle.tag, method: '__call__' };
    tellObservers('batched', { ...how, rows: 2, calls: 2, runMs: 1 });
    for (let i = 0; i < 2; i++) {
      tellObservers('called', { ...how, waitMs: 0, runMs: 1, outcome: 'ok' });
    }
    expect(of.statistics('mlp', '')[0]!.executionCount).toBe(1n);
    of.close();
  });

  it('are announced if versions are numbers, as in Triton', async () => {
    const list = runners.list();
    const announced = async (version: string): Promise<boolean> => {
      const of = await openInferenceService({
        list: () => list.map((each) => ({ ...each, version })),
      });
      const { extensions } = of.serverMetadata();
      of.close();
      return extensions.includes('statistics');
    };
    expect(await announced('12')).toBe(true);
    expect(await announced('v2')).toBe(false);
  });

  it('return the configuration of a model in Triton’s form', () => {
    expect(service.modelConfig('text', '')).toEqual({
      name: 'text',
      platform: 'fastai',
      backend: 'fastai',
      maxBatchSize: 0,
      input: [{ name: 'text', dataType: 'TYPE_STRING', dims: [-1] }],
      output: [
        { name: 'probabilities', dataType: 'TYPE_FP32', dims: [-1, 2] },
        { name: 'target', dataType: 'TYPE_INT64', dims: [-1] },
        { name: 'decoded', dataType: 'TYPE_STRING', dims: [-1] },
      ],
      parameters: { kind: 'text', task: 'classify' },
      decoupled: false,
    });
    expect(service.modelConfig('mlp', '')).toMatchObject({
      platform: 'pytorch',
      maxBatchSize: 0,
      input: [{ name: 'x', dataType: 'TYPE_FP32', dims: [-1, 4] }],
    });
  });
});
