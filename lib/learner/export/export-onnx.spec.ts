import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { difference, fixture, tensorOf, torchCases } from '../../../test/helpers/torch-cases.js';
import { Learner } from '../fastai/learner.js';
import { LMLearner } from '../fastai/text/lm/lm-learner.js';
import { fieldsOf, textIn } from '../onnx/proto/protobuf-reader.js';
import { openSession } from '../onnx/session/create-session.js';
import { TorchModel } from '../pytorch/index.js';
import { ExportTargetError, UnexportableModelError } from './errors.js';
import { exportOnnx } from './export-onnx.js';

let folder: string;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'vts-export-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const packed = (path: string): Uint8Array => {
  const bytes = readFileSync(`test/fixtures/${path}`);
  return path.endsWith('.br') ? brotliDecompressSync(bytes) : gunzipSync(bytes);
};
const vision = (name: string) => packed(`vision/learners/${name}/export.pkl.br`);
const rows = (name: string) => packed(`tabular/${name}.pkl.gz`);
const TEXTS = 'test/fixtures/learners/base_tokenizer/export.pkl';

async function run(
  path: string,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const session = await openSession(path);
  try {
    return (await session.run(feeds)) as Record<string, Tensor>;
  } finally {
    await session.release();
  }
}

function expectClose(made: Tensor, wanted: Tensor): void {
  expect(made.dims).toEqual(wanted.dims);
  Array.from(wanted.data as Float32Array).forEach((value, i) => {
    expect(Math.abs((made.data as Float32Array)[i]! - value)).toBeLessThan(1e-5);
  });
}

const int64 = (values: readonly number[], dims: number[]) =>
  new Tensor('int64', BigInt64Array.from(values, BigInt), dims);

/** Two images of noise, as pixels and as bytes of planes. */
function images(size: readonly [number, number], channels: number) {
  const [height, width] = size;
  const made = [1, 2].map((seed) => ({
    width,
    height,
    channels: channels as 1 | 3,
    data: Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 73 * seed) % 251),
  }));
  const planes = made.flatMap(({ data }) =>
    Array.from({ length: data.length }, (_, i) => {
      const [channel, at] = [Math.floor(i / (width * height)), i % (width * height)];
      return data[at * channels + channel]!;
    }),
  );
  return {
    items: made,
    planes: new Tensor('uint8', Uint8Array.from(planes), [2, channels, height, width]),
  };
}

describe('exportOnnx of images', () => {
  it.each([
    ['classes', 3],
    ['grey', 1],
  ] as const)('takes the pixels of %s, and normalizes them', async (name, channels) => {
    const learner = await Learner.load(vision(name));
    const made = await exportOnnx(learner, folder);
    const [height, width] = learner.description.size!;
    expect(made.inputs).toEqual([
      { name: 'image', dtype: 'uint8', shape: ['batch', channels, height, width] },
    ]);
    expect(made.outputs).toEqual([
      { name: 'probabilities', dtype: 'float32', shape: ['batch', 6] },
    ]);
    expect(made).toMatchObject({ batched: true, opset: 17, notes: [] });
    const { items, planes } = images([height, width], channels);
    const [wanted] = await learner.getPreds(items);
    expectClose((await run(made.path, { image: planes }))['probabilities']!, wanted);
    const lines = readFileSync(join(folder, 'labels.txt'), 'utf8').trimEnd().split('\n');
    expect(lines).toEqual(learner.vocab);
    await learner.release();
  });

  it('leaves normalization and activation to the caller on request', async () => {
    const learner = await Learner.load(vision('classes'));
    const made = await exportOnnx(learner, folder, { normalize: false, raw: true });
    expect(made.outputs.map(({ name }) => name)).toEqual(['logits']);
    const { items } = images(learner.description.size!, 3);
    const [inputs] = await learner.getPreds(items, { withInput: true });
    const { logits } = await run(made.path, { image: inputs as Tensor });
    const { mean, ...rest } = JSON.parse(made.metadata['preprocessing']!) as Record<
      string,
      unknown
    >;
    expect(mean).toBeUndefined();
    expect(rest['steps']).toHaveLength(3);
    const [probabilities] = await learner.getPreds(items);
    const powers = Array.from(logits!.data as Float32Array).map(Math.exp);
    const sum = powers.slice(0, 6).reduce((total, value) => total + value, 0);
    expect(powers[0]! / sum).toBeCloseTo((probabilities.data as Float32Array)[0]!, 5);
    await learner.release();
  });

  it('says why pixels are not bytes if they are resized as a batch', async () => {
    const code = packed('code/learners/lambdas/export.pkl.br');
    const made = await exportOnnx({ learner: code }, folder);
    expect(made.inputs[0]!.dtype).toBe('float32');
    expect(made.notes).toEqual([
      'Pixels are float32 from 0 to 255: "<lambda>.<locals>.<lambda>" comes between them and the normalization.',
    ]);
    const plain = await exportOnnx({ learner: vision('presized') }, folder, { overwrite: true });
    expect(plain.notes).toEqual([
      'Images are the input of the model, after "fastai.vision.augment.RandomResizedCropGPU".',
    ]);
  });

  it('also takes pixels from 0 to 1', async () => {
    const learner = await Learner.load(vision('classes'));
    const made = await exportOnnx(learner, folder, { pixels: 'float32' });
    const { items, planes } = images(learner.description.size!, 3);
    const floats = Float32Array.from(planes.data as Uint8Array, (byte) => byte / 255);
    const { probabilities } = await run(made.path, {
      image: new Tensor('float32', floats, planes.dims),
    });
    expectClose(probabilities!, (await learner.getPreds(items))[0]);
    await learner.release();
  });

  it('contains an activation that is notebook code', async () => {
    const learner = await Learner.load(packed('code/learners/module_loss/export.pkl.br'));
    const made = await exportOnnx(learner, folder);
    const { items, planes } = images(learner.description.size!, 3);
    const outputs = await run(made.path, { image: planes });
    expectClose(outputs['output']!, (await learner.getPreds(items))[0]);
    await learner.release();
  });
});

describe('exportOnnx of rows', () => {
  it('fills gaps and normalizes rows of several columns', async () => {
    const learner = await Learner.load(rows('typed'));
    const made = await exportOnnx(learner, folder);
    const { cat, cont } = JSON.parse(made.metadata['preprocessing']!) as {
      cat: { name: string; classes: unknown[] }[];
      cont: string[];
    };
    const { columns } = learner.schema;
    const nullable = columns.find(({ kind, nullable }) => kind === 'number' && nullable)!;
    const whole = Object.fromEntries(columns.map(({ name, example }) => [name, example]));
    const items: Record<string, unknown>[] = [whole, { ...whole, [nullable.name]: null }];
    const codes = items.flatMap((item) =>
      cat.map(({ name, classes }) => Math.max(0, classes.indexOf(item[name]))),
    );
    const numbers = items.flatMap((item) => cont.map((name) => (item[name] ?? NaN) as number));
    const { probabilities } = await run(made.path, {
      cat: int64(codes, [2, cat.length]),
      cont: new Tensor('float64', Float64Array.from(numbers), [2, cont.length]),
    });
    expectClose(probabilities!, (await learner.getPreds(items))[0]);
    await learner.release();
  });

  it.each(['only_numbers', 'only_categories', 'collab_plain', 'collab_neural', 'mode_fill', 'raw'])(
    'holds %s',
    async (name) => {
      const made = await exportOnnx({ learner: rows(name) }, folder);
      expect(made.batched).toBe(true);
      expect(made.difference).toBeLessThan(1e-6);
    },
  );

  it("takes the model's input if code prepares rows", async () => {
    const made = await exportOnnx(
      { learner: packed('code/learners/cells/export.pkl.br') },
      folder,
      {
        normalize: false,
      },
    );
    expect(made.batched).toBe(true);
  });
});

describe('exportOnnx of texts', () => {
  it('takes rows of ids that are padded on the right', async () => {
    const learner = await Learner.load<string>(TEXTS);
    const made = await exportOnnx(learner, folder);
    const texts = ['a good plot', 'a dull and very long cast of a film that I did not like'];
    const [inputs] = await learner.getPreds(texts, { withInput: true });
    const ids = (inputs as Tensor[]).map(({ data }) => Array.from(data as BigInt64Array, Number));
    const { padding } = JSON.parse(made.metadata['preprocessing']!) as { padding: { id: number } };
    const width = Math.max(...ids.map((row) => row.length));
    const padded = ids.flatMap((row) => [
      ...row,
      ...Array<number>(width - row.length).fill(padding.id),
    ]);
    const { probabilities } = await run(made.path, { ids: int64(padded, [2, width]) });
    expectClose(probabilities!, (await learner.getPreds(texts))[0]);
    const tokens = readFileSync(join(folder, 'vocab.txt'), 'utf8').trimEnd().split('\n');
    const [vocab] = learner.vocab as readonly string[][];
    expect(JSON.parse(made.metadata['vocab']!)).toEqual(vocab);
    // This learner split texts at spaces alone.
    expect(tokens).toEqual(vocab!.map((token) => token.replaceAll('\n', ' ')));
    expect(made.notes[0]).toMatch(
      /^vocab\.txt has spaces instead of line breaks in tokens \(\d+\);/,
    );
    await learner.release();
  });

  it('exports a language model with its state', async () => {
    const learner = await LMLearner.load(packed('lm/one_layer_de/export.pkl.gz'));
    const made = await exportOnnx(learner, folder);
    expect(made.inputs.map(({ name }) => name).sort()).toEqual(['ids', 'state']);
    expect(made.outputs.map(({ name }) => name)).toEqual(['logits', 'next_state', 'encoded']);
    expect(made.batched).toBe(false);
    await learner.release();
  });
});

describe('exportOnnx of the PyTorch layer', () => {
  it.each(['mlp', 'cnn', 'embedding', 'lstm', 'tabular', 'text', 'transformer'])(
    "gives torch's numbers for %s.pt",
    async (name) => {
      const made = await exportOnnx({ module: fixture(`${name}.pt`) }, folder);
      const session = await openSession(made.path);
      for (const { inputs, outputs } of torchCases.get(name) ?? []) {
        // Here texts are filled up on the right; torch's own cases may be on the left.
        if (name === 'text' && inputs[0]!.shape[0] !== 1) continue;
        // A layer that takes any number of dimensions is written for the commonest.
        if (inputs.some(({ shape }, i) => shape.length !== made.inputs[i]!.shape.length)) continue;
        const feeds = Object.fromEntries(
          session.inputNames.map((input, i) => [input, tensorOf(inputs[i]!)]),
        );
        const results = await session.run(feeds);
        const given = session.outputNames.map((output) => results[output]);
        expect(difference(given, outputs)).toBeLessThan(1e-5);
      }
      await session.release();
    },
  );

  it('takes a loaded model', async () => {
    const model = await TorchModel.load(fixture('mlp.pt'));
    const { path } = await exportOnnx(model, folder);
    expect(path).toBe(join(folder, 'model.onnx'));
    await model.release();
  });

  it('refuses an ONNX file, which needs no export', async () => {
    await expect(exportOnnx({ module: fixture('onnx/mlp.onnx') }, folder)).rejects.toThrow(
      'The model already is an ONNX file. Give that file to the other server.',
    );
  });
});

describe('The file', () => {
  it('can have an older opset if its operators are the same there', async () => {
    const made = await exportOnnx({ module: fixture('mlp.pt') }, folder, { opset: 11 });
    const model = readFileSync(made.path);
    const opsets = [...fieldsOf(model)].flatMap(({ number, body }) =>
      number === 8 ? [...fieldsOf(body)].filter((field) => field.number === 2) : [],
    );
    expect(opsets.map(({ int }) => int)).toEqual([11]);
  });

  it('names the operators that an opset does not have, and leaves nothing behind', async () => {
    const texts = exportOnnx({ learner: TEXTS }, folder, { opset: 12 });
    await expect(texts).rejects.toThrow(
      /operators that opset 12 lacks or defines differently: .*Unsqueeze/,
    );
    const newer = exportOnnx({ learner: TEXTS }, folder, { opset: 18 });
    await expect(newer).rejects.toThrow(/that opset 18 lacks .*ReduceMax/);
    await expect(exportOnnx({ learner: TEXTS }, folder, { opset: 9 })).rejects.toThrow(
      UnexportableModelError,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps weights in a second file above a certain size', async () => {
    const { files, path } = await exportOnnx({ learner: vision('classes') }, folder, {
      externalDataFrom: 1,
    });
    expect(files.map((file) => file.slice(folder.length + 1))).toEqual([
      'model.onnx',
      'model.onnx.data',
      'labels.txt',
    ]);
    const { planes } = images([32, 32], 3);
    expect((await run(path, { image: planes }))['probabilities']!.dims).toEqual([2, 6]);
  });

  it('tells what it is', async () => {
    const made = await exportOnnx({ learner: vision('classes') }, folder, {
      versions: { fastai: '2.8.3' },
    });
    const model = readFileSync(made.path);
    const entries = [...fieldsOf(model)].flatMap(({ number, body }) =>
      number === 14 ? [[textIn(body, 1), textIn(body, 2)] as const] : [],
    );
    expect(Object.fromEntries(entries)).toEqual(made.metadata);
    expect(made.metadata).toMatchObject({
      kind: 'vision',
      task: 'classify',
      activation: 'softmax',
      batched: 'true',
      versions: '{"fastai":"2.8.3"}',
    });
    const { transforms, inside, mode } = JSON.parse(made.metadata['preprocessing']!) as {
      transforms: { kind: string; size: number[] }[];
      inside: unknown[];
      mode: string;
    };
    expect(mode).toBe('RGB');
    expect(transforms).toMatchObject([{ kind: 'Resize', size: [32, 32] }]);
    expect(inside[0]).toEqual({ op: 'divide', by: [255] });
  });

  it('does not replace a file without permission', async () => {
    writeFileSync(join(folder, 'model.onnx'), 'mine');
    const model = { module: fixture('mlp.pt') };
    await expect(exportOnnx(model, folder)).rejects.toThrow(ExportTargetError);
    expect(readFileSync(join(folder, 'model.onnx'), 'utf8')).toBe('mine');
    expect(readdirSync(folder)).toEqual(['model.onnx']);
    const { path } = await exportOnnx(model, folder, { overwrite: true });
    expect(existsSync(path)).toBe(true);
  });

  it('is refused for a learner that runs another model or 8-bit weights', async () => {
    const foreign = { learner: TEXTS, options: { onnx: fixture('onnx/mlp.onnx') } };
    await expect(exportOnnx(foreign, folder)).rejects.toThrow(/runs an ONNX file instead/);
    const small = { learner: TEXTS, options: { quantize: 'int8' } } as const;
    await expect(exportOnnx(small, folder)).rejects.toThrow(/com\.microsoft/);
  });

  it('needs an item if no example can be derived', async () => {
    const learner = packed('mixed/image_numbers/export.pkl.br');
    await expect(exportOnnx({ learner }, folder)).rejects.toThrow(
      /^The file cannot be checked without an item/,
    );
    const series = { learner: packed('arrays/learners/numpy_code/export.pkl.br') };
    await expect(exportOnnx(series, folder)).rejects.toThrow(/refuses the made-up item/);
  });
});
