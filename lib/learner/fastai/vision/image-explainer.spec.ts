import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats } from '../../../../test/helpers/noise.js';
import { ExplainTargetError, NotExplainableError, UnexpectedItemError } from '../errors.js';
import type { HeatMapExplanation } from '../explanation.js';
import { Learner } from '../learner.js';
import type { ShownImage } from '../shown.js';

interface Case {
  readonly learner: string;
  readonly image: string;
  readonly asked: number | null;
  readonly target: number;
  readonly class: string;
  readonly dims: readonly [number, number, number];
  readonly map: string;
}

const fixtures = new URL('../../../../test/fixtures/', import.meta.url);
const oracle = JSON.parse(readFileSync(new URL('explain.json', fixtures), 'utf8')) as {
  readonly learners: readonly Case[];
  readonly shown: Readonly<Record<string, string>>;
};
const shared = new URL('../../../../../shared/learners/', import.meta.url);
const picture = (name: string): string => fileURLToPath(new URL(`vision/images/${name}`, fixtures));

const load = (name: string): Promise<Learner> => {
  if (name.startsWith('shared/')) {
    return Learner.load(fileURLToPath(new URL(`${name.slice(7)}/export.pkl`, shared)));
  }
  return Learner.load(
    brotliDecompressSync(readFileSync(new URL(`${name}/export.pkl.br`, fixtures))),
  );
};

const explained = async (
  learner: Learner,
  item: unknown,
  target?: string | number,
): Promise<HeatMapExplanation> =>
  (await learner.explain(item, target === undefined ? {} : { target })) as HeatMapExplanation;

/** The relu of Grad-CAM, as the hooks give it. */
function expectMap({ heatmap }: HeatMapExplanation, { dims, map }: Case): void {
  expect([1, heatmap.height, heatmap.width]).toEqual(dims);
  const expected = floats(map);
  const most = expected.reduce((peak, value) => Math.max(peak, Math.abs(value)), 1e-6);
  heatmap.data.forEach((value, i) => {
    const difference = value * heatmap.peak - Math.max(0, expected[i]!);
    expect(Math.abs(difference) / most).toBeLessThan(1e-3);
    expect(value >= 0 && value <= 1).toBe(true);
  });
}

const names = [...new Set(oracle.learners.map(({ learner }) => learner))];

describe.each(names)('The heat map of %s', (name) => {
  const cases = oracle.learners.filter(({ learner }) => learner === name);
  it.skipIf(name.startsWith('shared/') && !existsSync(shared))(
    "equals that of the book's hooks and of captum",
    async () => {
      const learner = await load(name);
      for (const one of cases) {
        const item = name.startsWith('shared/')
          ? fileURLToPath(new URL(`${name.slice(7)}/images/${one.image}`, shared))
          : picture(one.image);
        const map = await explained(learner, item, one.asked ?? undefined);
        expect([map.class, map.target]).toEqual([one.class, one.target]);
        expectMap(map, one);
      }
      await learner.release();
    },
  );
});

describe('The pixels that a model sees', () => {
  it.each(Object.entries(oracle.shown))('%s', async (name, expected) => {
    const learner = await load(`vision/learners/${name}`);
    const { image } = (await learner.show(picture('rgb.png'))) as ShownImage;
    const bytes = Buffer.from(expected, 'base64');
    expect(image.data).toHaveLength(bytes.length);
    // fastai decodes what it has normalized, which rounds.
    image.data.forEach((value, i) => expect(Math.abs(value - bytes[i]!)).toBeLessThanOrEqual(1));
    await learner.release();
  });
});

describe('An image learner that explains', () => {
  let learner: Learner;
  const item = picture('rgb.png');
  beforeAll(async () => {
    learner = await load('vision/learners/cropped-larger');
  });
  afterAll(() => learner.release());

  it('explains what it predicts, and predicts the same as before', async () => {
    const [decoded, , before] = await learner.predict(item);
    const map = await explained(learner, item);
    expect(map).toMatchObject({ method: 'grad-cam', class: decoded });
    const [height, width] = learner.description.size!;
    expect(map.image).toEqual({ width, height });
    const [, , after] = await learner.predict(item);
    expect(after.data).toEqual(before.data);
  });

  it('takes a class by its name or its index', async () => {
    const byName = await explained(learner, item, 'palette');
    expect(byName.target).toBe(learner.vocab.indexOf('palette' as never));
    expect(await explained(learner, item, byName.target)).toEqual(byName);
  });

  it('computes several maps at once', async () => {
    const one = await explained(learner, item, 0);
    const many = await Promise.all([0, 1, 0].map((target) => explained(learner, item, target)));
    expect([many[0], many[2]]).toEqual([one, one]);
  });

  it('refuses unknown classes', async () => {
    await expect(learner.explain(item, { target: 'cat' })).rejects.toThrow(ExplainTargetError);
    await expect(learner.explain(item, { target: 6 })).rejects.toThrow(/from 0 to 5/);
    await expect(learner.explain(5)).rejects.toThrow(UnexpectedItemError);
  });

  it.each([
    ['mask', /task "segment"/],
    ['points', /task "points"/],
  ])('refuses a %s', async (name, fact) => {
    const other = await load(`vision/learners/${name}`);
    await expect(other.explain(item)).rejects.toThrow(NotExplainableError);
    await expect(other.explain(item)).rejects.toThrow(fact);
    await other.release();
  });

  it('refuses a model from an ONNX file', async () => {
    const { lowerModel } = await import('../../onnx/lowering/lower-model.js');
    const { writeModel } = await import('../../onnx/proto/model-writer.js');
    const dims = ['batch', 3, ...learner.description.size!];
    const { graph } = lowerModel(learner.model, {
      inputs: [{ name: 'x', dtype: 'float32', dims }],
    });
    const file = new URL('vision/learners/cropped-larger/export.pkl.br', fixtures);
    const other = await Learner.load(brotliDecompressSync(readFileSync(file)), {
      onnx: writeModel(graph).model,
    });
    expect((await other.predict(item))[0]).toBe((await learner.predict(item))[0]);
    await expect(other.explain(item)).rejects.toThrow(NotExplainableError);
    await expect(other.explain(item)).rejects.toThrow(/an ONNX file.*without the option "onnx"/);
    await other.release();
  });

  it('refuses after its release', async () => {
    const other = await load('vision/learners/cropped-larger');
    await other.explain(item);
    await other.release();
    await expect(other.explain(item)).rejects.toThrow(/released/);
  });
});
