import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { OpenAPIObject } from '@nestjs/swagger';
import { fastai, ModelStore, type FastaiRunner } from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemaFaults } from './helpers/schema-faults.js';
import { fixture, serveKinds, type Served } from './helpers/served-kinds.js';
import { vts } from './helpers/vts.js';

const NAMES = ['three_images', 'text_scalars', 'siamese_block'] as const;

interface Case {
  readonly input: unknown;
  readonly decoded: unknown;
  readonly probs: readonly number[];
}

const caseOf = (name: string): Case =>
  (JSON.parse(fixture(`mixed/${name}/cases.json`).toString()) as { readonly cases: Case[] })
    .cases[0]!;

/** Pictures are named by their paths from the root of the repository. */
function partsOf(name: (typeof NAMES)[number]): Record<string, unknown> {
  const { input } = caseOf(name);
  if (name === 'siamese_block') {
    const [image1, image2] = input as readonly string[];
    return { image1: readFileSync(image1!), image2: readFileSync(image2!) };
  }
  const row = input as Readonly<Record<string, string | number>>;
  if (name === 'text_scalars') {
    const { text, age, dose, ward } = row;
    return { text, age, dose, ward };
  }
  const [file, back, image] = ['file', 'back', 'side'].map((column) =>
    fixture(`mixed/images/${row[column]}`),
  );
  return { file, back, image };
}

function formOf(parts: Readonly<Record<string, unknown>>): FormData {
  const form = new FormData();
  for (const [name, part] of Object.entries(parts)) {
    if (part instanceof Uint8Array) form.append(name, new Blob([new Uint8Array(part)]), 'a.png');
    else form.append(name, typeof part === 'string' ? part : JSON.stringify(part));
  }
  return form;
}

describe('A model of several inputs', () => {
  let home: string;
  let store: ModelStore;
  let served: Served;
  let document: OpenAPIObject;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-several-'));
    store = new ModelStore(home);
    for (const name of NAMES) {
      const file = brotliDecompressSync(fixture(`mixed/${name}/export.pkl.br`));
      await fastai.saveModel(name, file, { store });
    }
    served = await serveKinds(home, [...NAMES, '--workers', '1']);
    document = (await (await fetch(`${served.url}docs-json`)).json()) as OpenAPIObject;
  }, 120_000);
  afterAll(async () => {
    await served.stop();
    await rm(home, { recursive: true, force: true });
  });

  const post = async (name: string, endpoint: string, init: RequestInit) => {
    const answer = await fetch(`${served.url}models/${name}/${endpoint}`, {
      method: 'POST',
      ...init,
    });
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
  };

  it.each(NAMES)('is asked with a form: %s', async (name) => {
    const { decoded, probs } = caseOf(name);
    const parts = partsOf(name);
    const { status, json } = await post(name, 'predict', { body: formOf(parts) });
    expect([status, json['prediction']]).toEqual([200, decoded]);
    const given = json['probabilities'] as readonly number[];
    probs.forEach((value, i) => expect(given[i]).toBeCloseTo(value, 5));
    const shown = await post(name, 'show', { body: formOf(parts) });
    const inputs = shown.json['inputs'] as readonly { readonly name: string }[];
    expect(inputs.map((input) => input.name)).toEqual(Object.keys(parts));
    for (const [endpoint, answer] of [
      ['predict', json],
      ['show', shown.json],
    ] as const) {
      const operation = document.paths[`/models/${name}/${endpoint}`]!.post!;
      const { content } = operation.responses['200'] as {
        readonly content: Record<string, { readonly schema: object }>;
      };
      expect(schemaFaults(content['application/json']!.schema, answer, document)).toBeUndefined();
    }
  });

  it('is documented with the names of its parts', () => {
    const contentOf = (name: string) => {
      const body = document.paths[`/models/${name}/predict`]!.post!.requestBody as {
        readonly content: Record<string, { readonly schema: { readonly properties: object } }>;
      };
      return Object.fromEntries(
        Object.entries(body.content).map(([type, { schema }]) => [
          type,
          Object.keys(schema.properties),
        ]),
      );
    };
    expect(contentOf('three_images')).toEqual({
      'multipart/form-data': ['file', 'back', 'image'],
    });
    const names = ['text', 'age', 'dose', 'ward'];
    expect(contentOf('text_scalars')).toEqual({
      'application/json': names,
      'multipart/form-data': names,
    });
    expect(document.paths['/models/three_images/explain']).toBeUndefined();
  });

  it('accepts JSON if none of them is an image: by name, or as a row', async () => {
    const { decoded, input } = caseOf('text_scalars');
    for (const body of [partsOf('text_scalars'), input, Object.values(partsOf('text_scalars'))]) {
      const { status, json } = await post('text_scalars', 'predict', {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      expect([status, json['prediction']]).toEqual([200, decoded]);
    }
  });

  it.each<[string, (typeof NAMES)[number], Record<string, unknown>, number, RegExp]>([
    [
      'a part is missing',
      'three_images',
      { file: fixture('mixed/images/a_0.png') },
      400,
      /the part "back" is missing/,
    ],
    [
      'a path stands for an image',
      'siamese_block',
      { image1: 'package.json', image2: 'package.json' },
      400,
      /in an unknown format/,
    ],
    [
      'a category is unknown',
      'text_scalars',
      { text: 'soup', age: 1, dose: 2, ward: 'moon' },
      400,
      /one of the 3 categories of "ward"/,
    ],
    [
      'a number is none',
      'text_scalars',
      { text: 'soup', age: ['x'], dose: 2, ward: 'east' },
      400,
      /its own code accepts \(it refuses this one: TypeError/,
    ],
  ])('is refused where %s', async (_, name, parts, status, message) => {
    const { json } = await post(name, 'predict', { body: formOf(parts) });
    expect(json).toMatchObject({
      statusCode: status,
      message: expect.stringMatching(message) as unknown,
    });
  });

  it.each(['thread', 'process'] as const)(
    'runs in a %s',
    async (isolation) => {
      for (const name of NAMES) {
        const model = await fastai.get(name, { store });
        const runner = model.toRunner({ isolation }) as unknown as FastaiRunner<unknown, unknown>;
        const { decoded, probs } = caseOf(name);
        const parts = partsOf(name);
        const blobs = Object.values(parts).map((part) =>
          part instanceof Uint8Array ? new Blob([new Uint8Array(part)]) : part,
        );
        for (const item of [parts, Object.values(parts), blobs]) {
          const [given, , probabilities] = await runner.predict.run(item);
          expect(given).toEqual(decoded);
          probs.forEach((value, i) => expect(Number(probabilities.data[i])).toBeCloseTo(value, 5));
        }
        const [all] = await runner.getPreds.run([parts, parts]);
        expect(all.dims).toEqual([2, probs.length]);
        expect(runner.description.inputs?.map((input) => input.name)).toEqual(Object.keys(parts));
        await runner.close();
      }
    },
    60_000,
  );

  it('is predicted from by the command line', async () => {
    const { input, decoded } = caseOf('siamese_block');
    const { stdout } = await vts(
      ['predict', 'siamese_block', JSON.stringify(input), '-o', 'json'],
      {
        home,
      },
    );
    expect(JSON.parse(stdout)).toMatchObject([{ prediction: decoded }]);
  });
});
