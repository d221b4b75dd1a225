import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelStore, pytorch, Tensor, type PytorchRunner, type RunnerOptions } from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Case {
  inputs: { dtype: string; shape: number[]; data: number[] }[];
  outputs: { data: number[] }[];
}

const fixture = (name: string): string =>
  fileURLToPath(new URL(`./fixtures/pytorch/${name}`, import.meta.url));
const cases = JSON.parse(readFileSync(fixture('cases.json'), 'utf8')) as Record<string, Case[]>;

/** Debian's Chromium brings a graphics device in software, of the kind that WebGPU runs on. */
const CHROMIUM = '/usr/lib/chromium';
const DEVICE = join(CHROMIUM, 'vk_swiftshader_icd.json');
const hasDevice = existsSync(DEVICE) && existsSync(join(CHROMIUM, 'libvulkan.so.1'));

let home: string;
let store: ModelStore;
const runners: PytorchRunner[] = [];
const before = { ...process.env };

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'vts-providers-'));
  store = new ModelStore(home);
  // Workers are processes, which find the device by their environment.
  Object.assign(process.env, {
    LD_LIBRARY_PATH: [CHROMIUM, before['LD_LIBRARY_PATH']].filter(Boolean).join(':'),
    VK_ICD_FILENAMES: DEVICE,
  });
});
afterAll(async () => {
  await Promise.all(runners.map((runner) => runner.close()));
  for (const key of ['LD_LIBRARY_PATH', 'VK_ICD_FILENAMES']) {
    if (before[key] === undefined) delete process.env[key];
    else process.env[key] = before[key];
  }
  rmSync(home, { recursive: true, force: true });
});

async function runnerOf(
  name: string,
  options: RunnerOptions,
  batchable = false,
): Promise<PytorchRunner> {
  const model = await pytorch.saveModel(name.replace('.pt', ''), fixture(name), {
    store,
    signatures: { __call__: { batchable } },
  });
  const runner = model.toRunner(options);
  runners.push(runner);
  await runner.open();
  return runner;
}

function tensorOf({ dtype, shape, data }: Case['inputs'][number]): Tensor {
  return dtype === 'int64'
    ? new Tensor(dtype, BigInt64Array.from(data, BigInt), shape)
    : new Tensor('float32', Float32Array.from(data), shape);
}

describe.skipIf(!hasDevice)(
  'WebGPU, on the device in software of Chromium (skipped where Chromium is not there)',
  () => {
    const webgpu = { executionProviders: ['webgpu', 'cpu'] };

    it.each(['mlp', 'cnn', 'tabular', 'lstm', 'transformer', 'resnet', 'text'])(
      'gives what torch gives: %s',
      async (name) => {
        const runner = await runnerOf(`${name}.pt`, { ...webgpu, workers: 1 });
        for (const { inputs, outputs } of cases[name]!) {
          const tensors = inputs.map(tensorOf);
          const result = await runner.run(tensors.length === 1 ? tensors[0]! : tensors);
          [result].flat().forEach((tensor, i) => {
            const values = (tensor as Tensor).data as Float32Array;
            expect(values).toHaveLength(outputs[i]!.data.length);
            outputs[i]!.data.forEach((value, k) => expect(values[k]).toBeCloseTo(value, 5));
          });
        }
      },
    );

    it('serves calls in batches, by two workers at once', async () => {
      const [gpu, cpu] = [
        await runnerOf('text.pt', { ...webgpu, workers: 2 }, true),
        await runnerOf('text.pt', { workers: 1 }, true),
      ];
      const texts = Array.from({ length: 64 }, (_, i) =>
        Array.from({ length: 3 + ((i * 5) % 30) }, (_, k) => 2 + ((i + k * 7) % 15)),
      );
      const logits = async (runner: PytorchRunner): Promise<number[][]> => {
        const results = await Promise.all(texts.map((ids) => runner.run([ids])));
        return results.map((result) => [...((result as Tensor).data as Float32Array)]);
      };
      const [ours, wanted] = [await logits(gpu), await logits(cpu)];
      ours.forEach((row, i) =>
        row.forEach((value, k) => expect(value).toBeCloseTo(wanted[i]![k]!, 5)),
      );
      expect(gpu.stats).toMatchObject({ ready: 2, completed: 64, restarts: 0 });
    });

    it('computes unsupported int8 operators on the CPU', async () => {
      const runner = await runnerOf('text.pt', { ...webgpu, workers: 1, precision: 'int8' });
      const { inputs, outputs } = cases['text']![0]!;
      const { data } = (await runner.run(tensorOf(inputs[0]!))) as Tensor;
      outputs[0]!.data.forEach((value, k) => {
        expect(Math.abs(value - Number((data as Float32Array)[k]))).toBeLessThan(0.05);
      });
    });
  },
);

describe('A provider that is not there', () => {
  it('is an error at start, from a process as well', async () => {
    const options = { executionProviders: ['nonsense', 'cpu'], isolation: 'process' } as const;
    await expect(runnerOf('mlp.pt', { ...options, workers: 1 })).rejects.toThrow(
      /"nonsense".*lacks it.*has cpu/,
    );
  });

  it('is left out with strict: false, in a process as well', async () => {
    const options = { executionProviders: ['nonsense', 'cpu'], isolation: 'process' } as const;
    const runner = await runnerOf('mlp.pt', { ...options, workers: 1, strict: false });
    expect((await runner.run([[1, 2, 3, 4]])) as Tensor).toMatchObject({ dims: [1, 3] });
  });
});
