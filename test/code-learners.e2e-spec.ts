import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, type INestApplication, type Type } from '@nestjs/common';
import {
  fastai,
  Image,
  Json,
  Learner,
  ModelStore,
  Runner,
  Text,
  VtsApi,
  VtsModule,
  type FastaiRunner,
  type Tensor,
} from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

const LEARNERS = 'test/fixtures/real';

interface Case {
  readonly input: unknown;
  readonly decoded?: string;
  readonly pred?: number | number[];
  readonly probs: number[] | number[][];
}

interface CodeLearner {
  readonly name: string;
  readonly kind: string;
  readonly file: string;
  readonly folder: string;
  readonly cases: readonly Case[];
}

/** Learners whose code is the notebook's. */
function learners(): CodeLearner[] {
  return readdirSync(LEARNERS)
    .filter((name) => name.startsWith('c_'))
    .map((name) => {
      const folder = join(LEARNERS, name);
      const { kind, cases } = JSON.parse(
        readFileSync(join(folder, 'cases.json'), 'utf8'),
      ) as CodeLearner;
      return { name, kind, folder, file: join(folder, 'export.pkl'), cases };
    });
}

const all = learners();

/** Items one by one; a collaborative filter's cases hold a list of rows. */
function itemsOf({ kind, folder, cases }: CodeLearner): { item: unknown; expected: Case }[] {
  return cases.flatMap((one): { item: unknown; expected: Case }[] => {
    if (kind === 'vision') return [{ item: join(folder, one.input as string), expected: one }];
    if (!Array.isArray(one.input)) return [{ item: one.input, expected: one }];
    return one.input.map((item: unknown, row: number): { item: unknown; expected: Case } => ({
      item,
      expected: { input: item, probs: one.probs[row] as number[] },
    }));
  });
}

function expectClose(actual: ArrayLike<number | bigint>, expected: readonly unknown[]): void {
  const numbers = expected.flat(4) as number[];
  expect(actual).toHaveLength(numbers.length);
  numbers.forEach((value, i) => expect(Math.abs(Number(actual[i]) - value)).toBeLessThan(1e-4));
}

function controllerOf({ name, kind }: CodeLearner): Type {
  const inputs: Record<string, unknown> = {
    text: Text,
    vision: Image,
    tabular: Json,
    collab: Json,
  };
  const input = inputs[kind] as typeof Json;

  @Controller()
  class CodeController {
    constructor(@Runner(name) private readonly runner: FastaiRunner<unknown>) {}

    @VtsApi({ input, output: Json, route: name })
    async probabilities(item: unknown): Promise<number[]> {
      const probs: Tensor = (await this.runner.predict.asyncRun(item))[2];
      return Array.from(probs.data as Float32Array);
    }
  }
  return CodeController;
}

describe("Learners with the notebook's own code", () => {
  let home: string;
  let app: INestApplication;
  let client: HttpClient;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-code-'));
    const store = new ModelStore(home);
    for (const { name, file } of all) await fastai.saveModel(name, file, { store });
    app = await startApp({
      imports: [VtsModule.forRoot({ home })],
      controllers: all.map(controllerOf),
    });
    client = await HttpClient.of(app);
  }, 120_000);
  afterAll(async () => {
    await app?.close();
    await rm(home, { recursive: true, force: true });
  });

  it.each(all)('$name predicts as fastai does', async (one) => {
    const learner = await Learner.load(one.file);
    try {
      for (const { item, expected } of itemsOf(one)) {
        const [decoded, target, probs] = await learner.predict(item);
        expectClose(probs.data as Float32Array, expected.probs);
        if (expected.pred !== undefined) {
          expectClose(target.data as BigInt64Array, [expected.pred].flat());
        }
        if (expected.decoded !== undefined) expect(decoded).toBe(expected.decoded);
      }
      const items = itemsOf(one);
      const [predictions] = await learner.getPreds(items.map(({ item }) => item));
      expectClose(
        predictions.data as Float32Array,
        items.map(({ expected }) => expected.probs as unknown),
      );
    } finally {
      await learner.release();
    }
  });

  it.each(all)('$name over HTTP, by a runner', async (one) => {
    for (const { item, expected } of itemsOf(one)) {
      const { status, json } =
        one.kind === 'text'
          ? await client.text(`/${one.name}`, item as string)
          : one.kind === 'vision'
            ? await client.post(`/${one.name}`, 'image/png', readFileSync(item as string))
            : await client.json(`/${one.name}`, JSON.stringify(item));
      expect(status).toBe(200);
      expectClose(json as number[], expected.probs);
    }
  });
});
