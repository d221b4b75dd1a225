import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  fastai,
  Learner,
  ModelStore,
  type FastaiRunner,
  type LearnerOptions,
  type Tensor,
} from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveKinds, type Served } from './helpers/served-kinds.js';
import { vts } from './helpers/vts.js';

const LEARNERS = resolve('test/fixtures/real');

interface Answer {
  readonly pred: unknown;
  readonly probs: unknown;
  readonly decoded?: unknown;
}

interface Case extends Answer {
  readonly input: unknown;
  readonly image?: string;
  /** fastai's probabilities for bytes, which skip `get_x`. */
  readonly without_get_x?: readonly number[];
}

/** What is given beside the file, by its name in the learner's folder. */
const GIVEN: Readonly<Record<string, Omit<LearnerOptions, 'rules'>>> = {
  p_aug_name: {},
  p_aug_name_seg: {},
  p_get_x: {},
  p_loss_def: {},
  p_loss_subclass: {},
  p_mask_loss: {},
  p_mask_loss_name: { code: 'notebook.ipynb' },
  p_mixed: {},
  p_onnx_fixed: { onnx: 'model.onnx' },
  p_regex_label: {},
  p_siamese: {},
  p_spm: { tokenizer: 'spm.model' },
  p_text_tab: {},
  p_tsai_inception: {},
  p_tta: {},
  p_two_images: {},
};
const NAMES = Object.keys(GIVEN);

const at = (name: string, path: string): string => join(LEARNERS, name, path);
const optionsOf = (name: string): LearnerOptions =>
  Object.fromEntries(
    Object.entries(GIVEN[name]!).map(([key, file]) => [key, at(name, file as string)]),
  );
const casesOf = (name: string): Case[] =>
  (JSON.parse(readFileSync(at(name, 'cases.json'), 'utf8')) as { readonly cases: Case[] }).cases;

/** The item with its pictures as paths that are found from here. */
function itemOf(name: string, { input, image }: Case): unknown {
  const isPicture = (value: unknown): value is string =>
    typeof value === 'string' && value.startsWith('images/');
  if (isPicture(input)) return at(name, input);
  if (Array.isArray(input)) {
    return input.map((part) => (isPicture(part) ? at(name, part) : (part as unknown)));
  }
  // Its getter puts the folder before the name: bytes are given in its place.
  if (image !== undefined) {
    const { file: _, ...row } = input as Record<string, unknown>;
    return { ...row, image: readFileSync(at(name, image)) };
  }
  return input;
}

const numbers = (value: unknown): number[] =>
  Array.isArray(value) ? value.flatMap(numbers) : [Number(value)];

function expectAnswer(
  [decoded, target, probs]: readonly [unknown, Tensor, Tensor],
  expected: Answer,
): void {
  expectClose(probs.data as Float32Array, expected.probs);
  expectClose(target.data as Float32Array, expected.pred);
  if (expected.decoded !== undefined) expect(plain(decoded)).toEqual(plain(expected.decoded));
}

/** fastai shows a list of names as text. */
const plain = (decoded: unknown): string =>
  Array.isArray(decoded)
    ? `[${decoded.map((name) => `'${String(name)}'`).join(', ')}]`
    : String(decoded);

function expectClose(actual: ArrayLike<number | bigint | boolean>, expected: unknown): void {
  const wanted = numbers(expected);
  expect(actual).toHaveLength(wanted.length);
  const off = wanted.map((value, i) => Math.abs(Number(actual[i]) - value));
  expect(Math.max(...off)).toBeLessThan(1e-4);
}

describe('Learners as people publish them', () => {
  let home: string;
  let store: ModelStore;
  let served: Served;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-real-'));
    store = new ModelStore(home);
    // One way in is the command line's, so that what it keeps is tried as well.
    for (const name of NAMES) {
      const options = Object.entries(optionsOf(name)).flatMap(([key, file]) => [
        `--${key}`,
        file as string,
      ]);
      await vts(['import', name, at(name, 'export.pkl'), ...options], { home });
    }
    served = await serveKinds(home, [...NAMES, '--workers', '1']);
  }, 240_000);
  afterAll(async () => {
    await served?.stop();
    await rm(home, { recursive: true, force: true });
  });

  it.each(NAMES)('%s predicts as fastai does', async (name) => {
    const learner = await Learner.load(at(name, 'export.pkl'), optionsOf(name));
    try {
      for (const one of casesOf(name)) {
        const item = itemOf(name, one);
        expectAnswer(await learner.predict(item), one);
        if (one.without_get_x) {
          const [, , probs] = await learner.predict(readFileSync(item as string));
          expectClose(probs.data as Float32Array, one.without_get_x);
        }
      }
    } finally {
      await learner.release();
    }
  });

  it.each(NAMES)('%s is saved and run with what was given', async (name) => {
    const tag = `${name}_saved`;
    await fastai.saveModel(tag, at(name, 'export.pkl'), { store, ...optionsOf(name) });
    const runner = (await fastai.get(tag, { store })).toRunner() as unknown as FastaiRunner<
      unknown,
      unknown
    >;
    try {
      for (const one of casesOf(name)) {
        expectAnswer(await runner.predict.run(itemOf(name, one)), one);
      }
    } finally {
      await runner.close();
    }
  });

  it('is logged once, with its runner, if bytes skip a get_x', async () => {
    const told: string[] = [];
    const model = await fastai.get('p_get_x', { store });
    // As the module of Nest makes it, whose log hears what runners tell.
    const log = { warn: (message: string) => told.push(message) };
    const runner = model.toRunner(log as object) as unknown as FastaiRunner<unknown, unknown>;
    try {
      for (const one of casesOf('p_get_x').slice(0, 2)) {
        const [, , probs] = await runner.predict.run(
          readFileSync(itemOf('p_get_x', one) as string),
        );
        expectClose(probs.data as Float32Array, one.without_get_x);
      }
      expect(told).toEqual([
        expect.stringMatching(/get_x ".*" runs only for paths; bytes skip it/),
      ]);
      expect(runner.description.pathReader).toBeDefined();
    } finally {
      await runner.close();
    }
  });

  it.each(NAMES)('%s is served over HTTP', async (name) => {
    for (const one of casesOf(name).slice(0, 2)) {
      const answer = await fetch(`${served.url}models/${name}/predict`, {
        method: 'POST',
        ...bodyOf(name, one),
      });
      const json = (await answer.json()) as Record<string, unknown>;
      expect([answer.status, json['message']]).toEqual([200, undefined]);
      if (one.without_get_x) expectClose(json['probabilities'] as number[], one.without_get_x);
      else expectScored(json, one);
    }
  });
});

/** Masks come as pixels, lists of numbers where the loss has no activation. */
function expectScored(json: Record<string, unknown>, { probs, decoded }: Answer): void {
  const given = json['probabilities'];
  if (Array.isArray(given) && given.every((value) => typeof value === 'number')) {
    expectClose(given, probs);
  }
  if (typeof decoded === 'string' && typeof json['prediction'] === 'string') {
    expect(json['prediction']).toBe(decoded);
  }
}

function bodyOf(name: string, one: Case): Pick<RequestInit, 'body' | 'headers'> {
  const item = itemOf(name, one);
  const json = (): Pick<RequestInit, 'body' | 'headers'> => ({
    body: JSON.stringify(item),
    headers: { 'content-type': 'application/json' },
  });
  if (name === 'p_spm') return { body: item as string, headers: { 'content-type': 'text/plain' } };
  if (name === 'p_two_images' || name === 'p_siamese' || name === 'p_mixed') {
    return { body: formOf(item) };
  }
  if (typeof item !== 'string') return json();
  return {
    body: new Uint8Array(readFileSync(item)),
    headers: { 'content-type': 'image/png' },
  };
}

function formOf(item: unknown): FormData {
  const form = new FormData();
  const picture = (key: string, bytes: Uint8Array): void =>
    form.append(key, new Blob([new Uint8Array(bytes)]), 'a.png');
  if (Array.isArray(item)) {
    item.forEach((path, i) => picture(`image${i + 1}`, readFileSync(path as string)));
    return form;
  }
  // One input is made of the other cells of the row, by the notebook's function.
  const { image, ...patient } = item as { image: Uint8Array };
  picture('image', image);
  form.append('patient', JSON.stringify(patient));
  return form;
}
