import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { OutsideWeightsError } from '../onnx/errors.js';
import { PyGlobal, PyObject } from '../torch/index.js';
import { knownLoss } from './losses/loss.js';
import { TorchModel } from '../pytorch/index.js';
import { InvalidTtaOptionError, UnexpectedItemError, UnsupportedLearnerError } from './errors.js';
import { Learner } from './learner.js';
import type { TtaOptions } from './tta.js';

const folder = new URL('../../../test/fixtures/houses/', import.meta.url);
const pathOf = (name: string): string => new URL(name, folder).pathname;
const read = (name: string): Uint8Array => readFileSync(pathOf(name));
const unpacked = (name: string): Uint8Array => brotliDecompressSync(read(`${name}.br`));
const json = <T>(name: string): T => JSON.parse(read(`${name}.json`).toString()) as T;

interface Case {
  readonly input: unknown;
  readonly probs: readonly number[];
}

const itemOf = ({ input }: Case): unknown => (typeof input === 'string' ? pathOf(input) : input);

function difference(tensor: Tensor, expected: readonly unknown[]): number {
  const numbers = expected.flat(Infinity) as number[];
  const data = [...(tensor.data as Float32Array)];
  expect(data.length).toBe(numbers.length);
  return Math.max(...data.map((value, i) => Math.abs(value - numbers[i]!)));
}

async function largest(learner: Learner, cases: readonly Case[]): Promise<number> {
  const found: number[] = [];
  for (const one of cases)
    found.push(difference((await learner.predict(itemOf(one)))[2], one.probs));
  const [all] = await learner.getPreds(cases.map(itemOf));
  found.push(
    difference(
      all,
      cases.map(({ probs }) => probs),
    ),
  );
  return Math.max(...found);
}

describe('learners that were not exported', () => {
  it.each([
    ['pickle.dump', unpacked('tabular.pickle'), 'dumps-tabular'],
    ['joblib.dump', unpacked('tabular.joblib'), 'dumps-tabular'],
    ['joblib.dump with zlib', read('tabular.joblib.z'), 'dumps-tabular'],
    ['cloudpickle.dump', unpacked('vision.cloudpickle'), 'dumps-vision'],
    ['AutoGluon 0.2', unpacked('autogluon.pkl'), 'autogluon'],
    ['fastai2, before the release', unpacked('fastai2.pkl'), 'fastai2'],
  ])('predict as fastai does: %s', async (_, file, cases) => {
    const learner = await Learner.load(file);
    expect(await largest(learner, json<Case[]>(cases))).toBeLessThan(1e-6);
    expect(learner.model.className).not.toMatch(/fastai2|autogluon/);
    await learner.release();
  });
});

describe("AutoGluon's loss for quantiles", () => {
  it('leaves the output as it is, as fastai does', async () => {
    const module = 'autogluon.tabular.models.fastainn.quantile_helpers';
    const loss = knownLoss(new PyObject(new PyGlobal(module, 'HuberPinballLoss')))!;
    const output = new Tensor('float32', Float32Array.of(1, 2, 3), [1, 3]);
    expect(await loss.activation(output)).toBe(output);
    expect(await loss.decodes(output)).toBe(output);
  });
});

describe('tta', () => {
  const { items, runs, preds, decoded, inputs } = json<{
    items: string[];
    runs: { options: { use_max?: boolean; n?: number; beta?: number | null }; preds: number[][] }[];
    preds: number[][];
    decoded: number[];
    inputs: { shape: number[]; sums: number[][] };
  }>('augmented');
  const paths = items.map(pathOf);
  const load = () => Learner.load<string>(unpacked('augmented.pkl'));

  it.each(runs)("gives fastai's numbers with $options", async ({ options, preds: expected }) => {
    const { use_max: useMax, ...rest } = options;
    const how: TtaOptions = { ...rest, ...(useMax !== undefined && { useMax }) };
    const learner = await load();
    const [got, targets] = await learner.tta(paths, how);
    expect(targets).toBeNull();
    const parts = Array.isArray(got) ? got : [got];
    parts.forEach((part, at) => {
      const wanted = Array.isArray(got) ? (expected[at] as unknown as unknown[]) : expected;
      expect(difference(part, wanted)).toBeLessThan(2e-6);
    });
    // The second call draws the same.
    const [again] = await learner.tta(paths, how);
    expect((Array.isArray(again) ? again[0]! : again).data).toEqual(parts[0]!.data);
    await learner.release();
  });

  it('accepts only valid options', async () => {
    const learner = await load();
    for (const options of [{ n: 0 }, { n: 1.5 }, { n: 5000 }, { beta: NaN }, { seed: 0.5 }]) {
      await expect(learner.tta(paths, options)).rejects.toThrow(InvalidTtaOptionError);
    }
    await expect(learner.tta([])).rejects.toThrow(UnexpectedItemError);
    await learner.release();
  });

  it('is the plain prediction where nothing is random', async () => {
    const learner = await Learner.load(unpacked('tabular.pickle'));
    const cases = json<Case[]>('dumps-tabular');
    const [got] = await learner.tta(cases.map(itemOf), { n: 2 });
    expect(
      difference(
        got,
        cases.map(({ probs }) => probs),
      ),
    ).toBeLessThan(1e-6);
    const [[augmented, plain]] = await learner.tta(cases.map(itemOf), { beta: null });
    expect(augmented.data).toEqual(plain.data);
    await learner.release();
  });

  it('draws new numbers in each pass, from its seed', async () => {
    const learner = await Learner.load(unpacked('fastai2.pkl'));
    const seeded = async (seed: number, n = 4): Promise<number[]> => {
      const [got] = await learner.tta(paths, { seed, n, beta: 0 });
      return [...(got.data as Float32Array)];
    };
    expect(await seeded(1)).toEqual(await seeded(1));
    expect(await seeded(1)).not.toEqual(await seeded(2));
    expect(await seeded(1, 1)).not.toEqual(await seeded(1, 2));
    await learner.release();
  });

  it('has inputs and decoded predictions as well in getPreds', async () => {
    const learner = await load();
    const [given, got, targets, labels] = await learner.getPreds(paths, {
      withInput: true,
      withDecoded: true,
    });
    expect(difference(got, preds)).toBeLessThan(1e-6);
    expect(targets).toBeNull();
    expect([...(labels.data as BigInt64Array)].map(Number)).toEqual(decoded);
    const image = given as Tensor;
    expect(image.dims).toEqual(inputs.shape);
    const size = image.dims[2]! * image.dims[3]!;
    const sums = inputs.sums
      .flat()
      .map((_, plane) =>
        (image.data as Float32Array)
          .slice(plane * size, (plane + 1) * size)
          .reduce((sum, value) => sum + value, 0),
      );
    sums.forEach((sum, plane) => expect(sum).toBeCloseTo(inputs.sums.flat()[plane]!, 2));
    expect(await learner.getPreds(paths, { withDecoded: true })).toHaveLength(3);
    await learner.release();
  });

  it('gives the codes and numbers of rows', async () => {
    const learner = await Learner.load(unpacked('tabular.pickle'));
    const cases = json<Case[]>('dumps-tabular');
    const [given] = await learner.getPreds(cases.map(itemOf), { withInput: true });
    const [codes, numbers] = given as Tensor[];
    expect([codes!.type, codes!.dims, numbers!.type, numbers!.dims]).toEqual([
      'int64',
      [3, 2],
      'float32',
      [3, 2],
    ]);
    await learner.release();
  });
});

describe('an ONNX file beside a learner', () => {
  const file = unpacked('onnx.pkl');
  const cases = json<Case[]>('onnx');

  it.each(['fixed', 'hidden-batch'])('takes items one by one if necessary: %s', async (name) => {
    const learner = await Learner.load(file, { onnx: pathOf(`${name}.onnx`) });
    expect(await largest(learner, cases)).toBeLessThan(1e-6);
    expect(await largest(learner, cases)).toBeLessThan(1e-6);
    await learner.release();
  });

  it.each([
    ['batch-of-2', /takes batches of 2 items only/],
    ['other-classes', /returns "output", float32 of \[1, 5\].*expects batch x 2 or 1/],
    ['other-channels', /takes "image", float32 of \[1, 1, 16, 16\].*\[batch, 3, 16, 16\]/],
    ['other-rank', /takes "image", float32 of \[1, 10\]/],
  ])('is refused if it belongs to another model: %s', async (name, message) => {
    const load = Learner.load(file, { onnx: read(`${name}.onnx`) });
    await expect(load).rejects.toThrow(UnsupportedLearnerError);
    await expect(Learner.load(file, { onnx: pathOf(`${name}.onnx`) })).rejects.toThrow(message);
  });

  it('must come with its weights', async () => {
    const bytes = read('outside.onnx');
    await expect(Learner.load(file, { onnx: bytes })).rejects.toThrow(OutsideWeightsError);
    await expect(Learner.load(file, { onnx: bytes })).rejects.toThrow(/"outside\.data".*the path/);
    await expect(TorchModel.load(bytes)).rejects.toThrow(OutsideWeightsError);
  });
});

describe('learners of boxes', () => {
  it("are refused, as fastai's own predict fails on them; their model is served", async () => {
    const file = unpacked('boxes.pkl');
    await expect(Learner.load(file)).rejects.toThrow(
      /bounding boxes \(BBoxBlock\).*fastai's own predict and get_preds fail.*pytorch\.saveModel/,
    );
    const model = await TorchModel.load(file, {
      inputs: [{ name: 'image', dtype: 'float32', shape: [null, 3, 16, 16] }],
    });
    const image = new Tensor('float32', new Float32Array(3 * 256), [1, 3, 16, 16]);
    expect(((await model.run(image)) as Tensor).dims).toEqual([1, 4]);
    await model.release();
  });
});
