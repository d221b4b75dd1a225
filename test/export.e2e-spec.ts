import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vts } from './helpers/vts.js';

const fixture = (path: string): string =>
  fileURLToPath(new URL(`./fixtures/${path}`, import.meta.url));
const learner = fixture('learners/cloudpickled/export.pkl');

let folder: string;
let home: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-export-'));
  home = join(folder, 'home');
  await vts(['import', 'reviews:v1', learner], { home });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => vts(['export', ...args], { home, cwd: folder });

describe('vts export', () => {
  it('writes a file that onnxruntime opens, and describes its inputs', async () => {
    const { code, stdout, stderr } = await run('reviews', 'plain', '--to', 'onnx');
    expect(stderr).toBe(
      'vts: warning: vocab.txt has spaces instead of line breaks in tokens (1); the metadata keeps the line breaks.\n',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Inputs +ids int64 \[batch, length\]$/m);
    expect(stdout).toMatch(/^Outputs +probabilities float32 \[batch, 2\]$/m);
    const session = await InferenceSession.create(join(folder, 'plain/model.onnx'));
    const ids = new Tensor('int64', BigInt64Array.of(2n, 9n, 10n, 2n, 11n, 1n), [2, 3]);
    const { probabilities } = await session.run({ ids });
    expect(probabilities!.dims).toEqual([2, 2]);
    const data = probabilities!.data as Float32Array;
    expect(data[0]! + data[1]!).toBeCloseTo(1, 5);
    await session.release();
    const vocab = await readFile(join(folder, 'plain/vocab.txt'), 'utf8');
    expect(vocab).toMatch(/^xxunk\nxxpad\nxxbos\n/);
  });

  it('overwrites with --force, and supports --raw, --check, --opset and -o', async () => {
    const args = [
      'reviews',
      'plain',
      '--to',
      'onnx',
      '--raw',
      '--check',
      'A good film',
      '-o',
      'json',
    ];
    const refused = await run(...args);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/model\.onnx already exists/);
    const { stdout, code } = await run(...args, '--force', '--opset', '17');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      opset: 17,
      outputs: [{ name: 'logits' }],
      batched: true,
      difference: 0,
    });
    const older = await run('reviews', 'older', '--to', 'onnx', '--opset', '12');
    expect(older.stderr).toMatch(/operators that opset 12 lacks.*LSTM|Unsqueeze/);
  });

  it('writes a repository of Triton, with the next version of a model', async () => {
    const triton = ['reviews', 'models', '--to', 'triton'];
    expect((await run(...triton)).code).toBe(0);
    expect((await run(...triton)).stdout).toContain('models/reviews/2/model.onnx');
    const named = await run(
      ...triton,
      '--name',
      'other',
      '--model-version',
      '7',
      '--max-batch-size',
      '4',
    );
    expect(named.stdout).toContain('models/other/7/model.onnx');
    const config = await readFile(join(folder, 'models/other/config.pbtxt'), 'utf8');
    expect(config).toMatch(/^name: "other"\nplatform: "onnxruntime_onnx"\nmax_batch_size: 4\n/);
  });

  it('exports a model of the PyTorch layer, and refuses options without effect', async () => {
    const model = fixture('pytorch/mlp.pt');
    const { stdout } = await run(model, 'mlp', '--to', 'onnx');
    expect(stdout).toMatch(/^Inputs +x float32 \[batch, 4\]$/m);
    const refused = await run(model, 'mlp', '--to', 'onnx', '--name', 'a');
    expect(refused.stderr).toMatch(/--name is for a Triton repository/);
    for (const option of [['--no-normalize'], ['--raw'], ['--pixels', 'uint8']]) {
      const unused = await run(model, 'mlp', '--to', 'onnx', '--force', ...option);
      expect(unused.stderr).toMatch(/^vts: --[\w-]+ is for learners .*this is a model without/);
    }
    const onnx = await run(fixture('pytorch/onnx/mlp.onnx'), 'again', '--to', 'onnx');
    expect(onnx.stderr).toMatch(/already is an ONNX file/);
    expect((await run(model, 'mlp')).stderr).toMatch(/--to/);
  });
});
