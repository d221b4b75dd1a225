import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Controller, type INestApplication } from '@nestjs/common';
import {
  fastai,
  InputError,
  ModelStore,
  ModuleMethodError,
  NumpyNdarray,
  pytorch,
  Runner,
  Tensor,
  VtsApi,
  VtsModule,
  type PytorchRunner,
  type RunnerOptions,
} from 'nestjs-vts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LogitsController } from '../sample/02-pytorch-layer/src/logits.controller.js';
import { HttpClient } from './helpers/http-client.js';
import { MODELS_HOME } from './helpers/models-home.js';
import { startApp } from './helpers/testing-app.js';

const fixtures = fileURLToPath(new URL('fixtures/pytorch/', import.meta.url));
const fixture = (name: string): string => join(fixtures, name);

interface Saved {
  readonly dtype: string;
  readonly shape: number[];
  readonly data: number[];
}
type Calls = { inputs: Saved[]; outputs: Saved[] }[];
const calls = JSON.parse(readFileSync(fixture('cases.json'), 'utf8')) as Record<string, Calls>;

/** Ids of texts of many lengths, as their rows. */
const texts = Array.from({ length: 64 }, (_, i) =>
  Array.from({ length: 1 + ((i * 7) % 53) }, (_each, j) => 2 + ((i * 31 + j * 17) % 38)),
);

function expectClose(actual: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(actual).toHaveLength(wanted.length);
  Array.from(actual).forEach((value, i) => {
    const off = Math.abs(value - wanted[i]!);
    expect(off).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(wanted[i]!)));
  });
}

const numbers = (tensor: unknown): Float32Array => (tensor as Tensor).data as Float32Array;

let home: string;
let store: ModelStore;
const runners: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-pytorch-'));
  store = new ModelStore(home);
});
afterAll(() => rm(home, { recursive: true, force: true }));
afterEach(() => Promise.all(runners.splice(0).map((runner) => runner.close())));

async function runnerOf(
  name: string,
  { batchable = true, ...options }: RunnerOptions & { batchable?: boolean } = {},
  warn?: (message: string) => void,
): Promise<PytorchRunner> {
  const model = await pytorch.saveModel(name, fixture(`${name}.pt`), {
    store,
    signatures: { __call__: { batchable } },
  });
  const runner = model.toRunner({ workers: 1, ...options, ...(warn && { warn }) } as RunnerOptions);
  runners.push(runner);
  return runner;
}

describe('a PyTorch runner', () => {
  it.each(['mlp', 'cnn', 'tabular', 'embedding', 'lstm', 'transformer', 'text-bidir'])(
    'gives what torch gives: %s',
    async (name) => {
      const runner = await runnerOf(name, { batchable: false });
      for (const { inputs, outputs } of calls[name]!) {
        const given = inputs.map(({ dtype, shape, data }) => {
          const values =
            dtype === 'int64' ? BigInt64Array.from(data, BigInt) : Float32Array.from(data);
          return new Tensor(dtype as 'float32', values as Float32Array, shape);
        });
        const result: unknown = await runner.run(given);
        const tensors = (Array.isArray(result) ? result : [result]) as Tensor[];
        expect(tensors.map(({ dims }) => dims)).toEqual(outputs.map(({ shape }) => shape));
        tensors.forEach((tensor, i) => expectClose(numbers(tensor), outputs[i]!.data));
      }
    },
  );

  it('offers its call under both names, and describes its inputs', async () => {
    const runner = await runnerOf('mlp');
    const row = [[1, 2, 3, 4]];
    const wanted = numbers(await runner.run(row));
    expectClose(numbers(await runner.asyncRun(row)), wanted);
    expectClose(numbers(await runner.forward.run(row)), wanted);
    expectClose(numbers(await runner.method('__call__').run(row)), wanted);
    expectClose(numbers(await runner.method('forward').asyncRun({ x: row })), wanted);
    expect(() => runner.method('encode')).toThrow(ModuleMethodError);
    expect(runner.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [null, 4] }]);
  });

  it.each([1, 2])(
    'batches texts of any length with %i workers as if each were alone',
    async (workers) => {
      const alone = await runnerOf('text', { batchable: false });
      const wanted: Float32Array[] = [];
      for (const row of texts) wanted.push(numbers(await alone.run([row])));
      const runner = await runnerOf('text', workers > 1 ? { workers, threads: 1 } : {});
      const results = await Promise.all(
        texts.map((row, i) => runner.run([i % 2 === 0 ? [1, 1, ...row] : [...row, 1]])),
      );
      results.forEach((result, i) => expectClose(numbers(result), wanted[i]!));
    },
  );

  it('accepts calls with more rows than a batch holds', async () => {
    const runner = await runnerOf('text', { batching: { maxBatchSize: 10 } });
    const alone = await Promise.all(texts.map((row) => runner.run([row])));
    const width = Math.max(...texts.map((row) => row.length));
    const padded = texts.map((row) => [...row, ...Array<number>(width - row.length).fill(1)]);
    const all = await runner.run(padded);
    expect(all.dims).toEqual([texts.length, 3]);
    expectClose(
      numbers(all),
      alone.flatMap((each) => [...numbers(each)]),
    );
  });

  it('batches several inputs and several outputs', async () => {
    const tabular = await runnerOf('tabular');
    const [call] = calls['tabular']!;
    const [codes, values] = call!.inputs as [Saved, Saved];
    const rows = await Promise.all(
      Array.from({ length: 4 }, (_, i) =>
        tabular.run([[codes.data.slice(2 * i, 2 * i + 2)], [values.data.slice(3 * i, 3 * i + 3)]]),
      ),
    );
    expectClose(
      rows.flatMap((row) => [...numbers(row)]),
      call!.outputs[0]!.data,
    );
  });

  it('fails the one bad call of many', async () => {
    const runner = await runnerOf('text');
    const settled = await Promise.allSettled(
      texts.slice(0, 16).map((row, i) => runner.run(i === 5 ? [[99]] : [row])),
    );
    expect(settled.map(({ status }) => status)).toEqual(
      settled.map((_, i) => (i === 5 ? 'rejected' : 'fulfilled')),
    );
    expect((settled[5] as PromiseRejectedResult).reason).toBeInstanceOf(InputError);
  });

  it('serves other methods of a BentoML model not, and says so', async () => {
    const model = await pytorch.saveModel('two', fixture('mlp.pt'), { store });
    const warnings: string[] = [];
    const signatures = { __call__: { batchable: false }, encode: { batchable: false } };
    Object.assign(model.info, { signatures });
    const runner = model.toRunner({
      workers: 1,
      warn: (text: string) => warnings.push(text),
    } as never);
    runners.push(runner);
    expect(warnings.join()).toContain('"encode"');
    await runner.run([[1, 2, 3, 4]]);
    Object.assign(model.info, { signatures: { encode: { batchable: false } } });
    expect(() => model.toRunner()).toThrow(ModuleMethodError);
  });
});

describe('options of a PyTorch runner', () => {
  it('int8 is close to fp32, and is cached next to the model', async () => {
    const exact = await runnerOf('mlp');
    const model = await pytorch.get('mlp', { store });
    const file = readFileSync(model.pathOf('saved_model.pt'));
    for (const _ of [1, 2]) {
      const runner = model.toRunner({ workers: 1, precision: 'int8' });
      runners.push(runner);
      const [a, b] = [await exact.run([[1, -2, 3, 0.5]]), await runner.run([[1, -2, 3, 0.5]])];
      numbers(a).forEach((value, i) => expect(Math.abs(value - numbers(b)[i]!)).toBeLessThan(0.5));
    }
    expect(readdirSync(model.path).sort()).toEqual(['.vts-cache', 'model.yaml', 'saved_model.pt']);
    expect(readFileSync(model.pathOf('saved_model.pt')).equals(file)).toBe(true);
  });

  it('int8 of an ONNX file with a data file is cached next to the unchanged model', async () => {
    const model = await pytorch.saveModel('in-onnx', fixture('onnx-int8/data-file.onnx'), {
      store,
      signatures: { __call__: { batchable: true } },
    });
    const files = ['data-file.weights', 'model.yaml', 'saved_model.onnx'];
    expect(readdirSync(model.path).sort()).toEqual(files);
    const row = [Array.from({ length: 40 }, (_, i) => Math.sin(i))];
    const results: number[][] = [];
    for (const precision of ['fp32', 'int8', 'int8'] as const) {
      const runner = model.toRunner({ workers: 1, precision });
      runners.push(runner);
      results.push([...numbers(await runner.run(row))]);
    }
    const [exact, ...quantized] = results;
    for (const values of quantized) {
      expect(values).not.toEqual(exact);
      values.forEach((value, i) => expect(Math.abs(value - exact![i]!)).toBeLessThan(0.05));
    }
    expect(readdirSync(model.path).sort()).toEqual(['.vts-cache', ...files]);
  });

  it('int8 texts: a padding token amid a text where a chunk begins is refused', async () => {
    const runner = await runnerOf('text', { precision: 'int8' });
    const row = texts[40]!.slice(0, 20);
    expect((await runner.run([row])).dims).toEqual([1, 3]);
    const broken = [...row.slice(0, 10), 1, ...row.slice(11)];
    await expect(runner.run([broken])).rejects.toThrow(/position 10.*fp32/);
  });

  it('an execution provider that is not there is a start-up error that names those that are', async () => {
    const runner = await runnerOf('mlp', { executionProviders: ['nonsense', 'cpu'] });
    await expect(runner.open()).rejects.toThrow(/"nonsense".*lacks it.*has cpu/);
  });

  it('or a warning, with strict: false', async () => {
    const warnings: string[] = [];
    const options = { executionProviders: ['nonsense', 'CPUExecutionProvider'], strict: false };
    const runner = await runnerOf('mlp', options, (text) => warnings.push(text));
    expect((await runner.run([[1, 2, 3, 4]])).dims).toEqual([1, 3]);
    expect(warnings.join()).toMatch(/"nonsense"/);
  });

  it('refuses batchDim of a text classifier but 0', async () => {
    const model = await pytorch.saveModel('text', fixture('text.pt'), {
      store,
      signatures: { __call__: { batchable: true, batchDim: [1, 0] } },
    });
    const runner = model.toRunner({ workers: 1 });
    runners.push(runner);
    await expect(runner.open()).rejects.toThrow(/batchDim \[1, 0\]/);
  });
});

describe('the sample of the PyTorch layer', () => {
  let app: INestApplication;
  let client: HttpClient;

  beforeAll(async () => {
    const learner = await fastai.loadModel('fastai_sentiment', {
      store: new ModelStore(MODELS_HOME),
    });
    await pytorch.saveModel('my_pytorch_model', learner.model, {
      store,
      signatures: { __call__: { batchable: true } },
    });
    await learner.release();

    @Controller()
    class OtherController {
      constructor(@Runner('my_pytorch_model') private readonly runner: PytorchRunner) {}

      @VtsApi({ input: new NumpyNdarray(), output: NumpyNdarray })
      async loose(ids: Tensor): Promise<Tensor> {
        return this.runner.run(ids);
      }
    }
    app = await startApp({
      imports: [
        VtsModule.forRoot({
          home,
          runners: { my_pytorch_model: { workers: 1, batching: { maxBatchSize: 64 } } },
        }),
      ],
      controllers: [LogitsController, OtherController],
    });
    client = await HttpClient.of(app);
  });
  afterAll(() => app?.close());

  it.each([1, 8, 64])(
    'answers %i concurrent requests with the same results as alone',
    async (many) => {
      const bodies = texts.slice(0, many).map((row) => JSON.stringify([row]));
      const together = await Promise.all(bodies.map((body) => client.json('/logits', body)));
      for (const [i, { status, json }] of together.entries()) {
        expect(status).toBe(200);
        const [row] = json as [number[]];
        const [wanted] = (await client.json('/logits', bodies[i]!)).json as [number[]];
        expectClose(row, wanted);
      }
    },
  );

  it.each([
    ['a fraction', '/logits', '[[2, 3.5]]'],
    ['an id beyond the vocabulary', '/logits', '[[2, 184]]'],
    ['a row alone', '/loose', '[2, 3]'],
    ['no row', '/loose', '[]'],
    ['fractions, where the descriptor lets them in', '/loose', '[[2.5]]'],
    ['is all padding', '/logits', '[[1, 1]]'],
  ])('answers 400 to %s', async (_, path, body) => {
    const { status, json } = await client.json(path, body);
    expect([status, json]).toEqual([400, expect.objectContaining({ statusCode: 400 })]);
  });
});

const bentoml = fileURLToPath(new URL('fixtures/bentoml', import.meta.url));

describe('a store that BentoML wrote', () => {
  let copy: string;
  beforeEach(async () => {
    copy = await mkdtemp(join(tmpdir(), 'vts-bentoml-'));
    await cp(bentoml, copy, { recursive: true });
  });
  afterEach(() => rm(copy, { recursive: true, force: true }));

  it('is served unchanged', async () => {
    const found = new ModelStore(copy);
    const names = (await found.list()).map(({ info }) => info.name);
    expect(names).toContain('my_pytorch_model');
    const runner = (await pytorch.get('my_pytorch_model', { store: found })).toRunner({
      workers: 1,
    });
    runners.push(runner);
    const cases = JSON.parse(readFileSync(fixture('bentoml-home.json'), 'utf8')) as {
      ids: number[];
      logits: number[];
    }[];
    const results = await Promise.all(cases.map(({ ids }) => runner.run([ids])));
    results.forEach((result, i) => expectClose(numbers(result), cases[i]!.logits));
  });
});
