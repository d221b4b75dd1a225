import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenAPIObject } from '@nestjs/swagger';
import { fastai, ModelStore, type FastaiRunner, type Tensor } from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemaFaults } from './helpers/schema-faults.js';
import { fixture, serveKinds, type Served } from './helpers/served-kinds.js';
import { vts } from './helpers/vts.js';

const NAMES = ['faces', 'scene', 'patients'] as const;
type Name = (typeof NAMES)[number];

interface Told {
  readonly inputs: readonly unknown[];
  readonly decoded: readonly unknown[];
  readonly preds: readonly { readonly data: readonly number[] }[];
}

const toldOf = (name: Name): Told =>
  JSON.parse(fixture(`results/${name}/cases.json`).toString()) as Told;
const fileOf = (name: Name): string => `test/fixtures/results/${name}/export.pkl`;
const near = (value: number): unknown => expect.closeTo(value, 5);

describe('A model of several results', () => {
  let home: string;
  let store: ModelStore;
  let served: Served;
  let document: OpenAPIObject;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-results-'));
    store = new ModelStore(home);
    for (const name of NAMES) {
      const args = name === 'scene' ? ['--activation', 'softmax,softmax'] : [];
      const { code, stderr } = await vts(['import', name, fileOf(name), ...args], { home });
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('rror')]);
    }
    served = await serveKinds(home, [...NAMES, '--workers', '1']);
    document = (await (await fetch(`${served.url}docs-json`)).json()) as OpenAPIObject;
  }, 120_000);
  afterAll(async () => {
    await served.stop();
    await rm(home, { recursive: true, force: true });
  });

  async function post(name: Name): Promise<Record<string, unknown>> {
    const [input] = toldOf(name).inputs;
    const isImage = typeof input === 'string';
    const body = isImage ? new Uint8Array(readFileSync(input)) : JSON.stringify(input);
    const answer = await fetch(`${served.url}models/${name}/predict`, {
      method: 'POST',
      headers: { 'content-type': isImage ? 'image/png' : 'application/json' },
      body,
    });
    const json = (await answer.json()) as Record<string, unknown>;
    expect([answer.status, json]).toEqual([200, expect.any(Object)]);
    return json;
  }

  it('answers with each result by its name', async () => {
    const { decoded, preds } = toldOf('faces');
    const [age, gender, traits] = decoded[0] as [number[], string, string[]];
    const json = await post('faces');
    expect(json['prediction']).toEqual({ age: age.map(near), gender, traits });
    expect(json['results']).toMatchObject({
      gender: {
        prediction: gender,
        probabilities: preds[1]!.data.slice(0, 2).map(near),
        classes: ['female', 'male'],
      },
      traits: { prediction: traits, probabilities: preds[2]!.data.slice(0, 3).map(near) },
    });
  });

  it('answers with a mask beside a class, and with the columns of a row', async () => {
    const scene = await post('scene');
    expect(scene['prediction']).toMatchObject({
      mask_of: { width: 8, height: 8, png: expect.any(String) },
      gender: (toldOf('scene').decoded[0] as unknown[])[1],
    });
    const { stay, risk } = toldOf('patients').decoded[0] as Record<string, number>;
    const patients = await post('patients');
    expect(patients['prediction']).toEqual([near(stay!), risk]);
  });

  it.each(NAMES)('documents its answers: %s', async (name) => {
    const operation = document.paths[`/models/${name}/predict`]!.post!;
    const { content } = operation.responses['200'] as {
      readonly content: Record<string, { readonly schema: object }>;
    };
    const { schema } = content['application/json']!;
    expect(schemaFaults(schema, await post(name), document)).toBeUndefined();
    if (name === 'patients') return;
    // Both need a single answer.
    expect(document.paths).not.toHaveProperty([`/models/${name}/explain`]);
    expect(JSON.stringify(operation.parameters ?? [])).not.toContain('tta');
  });

  it('gives through a runner what the learner gives', async () => {
    const runner = (await fastai.get('faces', { store })).toRunner() as unknown as FastaiRunner<
      unknown,
      unknown[],
      readonly Tensor[]
    >;
    const learner = await fastai.loadModel('faces', { store });
    const { inputs } = toldOf('faces');
    expect(await runner.predict.run(inputs[0])).toEqual(await learner.predict(inputs[0]));
    const [predictions] = await runner.getPreds.run(inputs, { withDecoded: true });
    expect(predictions.map(({ dims }) => dims)).toEqual([
      [2, 1],
      [2, 2],
      [2, 3],
    ]);
    await learner.release();
    await runner.close();
  });

  it('is predicted, inspected and compared on the command line', async () => {
    const [input] = toldOf('faces').inputs as [string];
    const json = await vts(['predict', fileOf('faces'), input, '-o', 'json'], { home });
    expect(JSON.parse(json.stdout)).toMatchObject([
      { prediction: { gender: 'female' }, results: { traits: { prediction: expect.any(Array) } } },
    ]);
    const plain = await vts(['predict', 'faces', input], { home });
    expect(plain.stdout).toContain('gender: female');
    const inspected = await vts(['inspect', fileOf('faces')], { home });
    expect(inspected.stdout).toContain('gender: one of 2 classes: female, male');
    const compared = await vts(['compare', 'faces', input, '--decode', 'scaled', '-o', 'json'], {
      home,
    });
    expect([compared.code, compared.stdout]).toEqual([0, expect.stringContaining('"equal": 1')]);
  });

  it('fills a column of a batch with its predictions', async () => {
    const out = join(home, 'out.jsonl');
    const [input] = toldOf('faces').inputs as [string];
    const { code, stderr } = await vts(['batch', 'faces', input, '--out', out], { home });
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    const [row] = readFileSync(out, 'utf8').trim().split('\n');
    expect(JSON.parse(row!)).toMatchObject({ prediction: { gender: 'female' } });
  });

  it('is exported as a bare model only', async () => {
    const { code, stderr } = await vts(['export', 'faces', join(home, 'x'), '--to', 'onnx'], {
      home,
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('The learner predicts 3 results')]);
  });
});
