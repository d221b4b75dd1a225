import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SwaggerParser from '@apidevtools/swagger-parser';
import { createClient } from '@hey-api/openapi-ts';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ModelStore } from 'nestjs-vts';
import { generateSource } from 'oazapfts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemaFaults } from './helpers/schema-faults.js';
import { fixture, KINDS, saveKinds, serveKinds, type Served } from './helpers/served-kinds.js';

type Kind = (typeof KINDS)[number];

const JSON_TYPE = 'application/json';
const TEXTS: ReadonlySet<Kind> = new Set(['text', 'labels', 'number', 'words']);
const ROWS: ReadonlySet<Kind> = new Set(['rows', 'ratings']);

interface Operation {
  readonly requestBody: { readonly content: Record<string, { readonly example?: unknown }> };
  readonly responses: Record<string, { readonly content: Record<string, { schema: object }> }>;
}

describe('The document of vts serve', () => {
  let home: string;
  let served: Served;
  let document: OpenAPIObject;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-serve-documents-'));
    await saveKinds(new ModelStore(home));
    served = await serveKinds(home, [...KINDS, '--workers', '1']);
    document = (await (await fetch(`${served.url}docs-json`)).json()) as OpenAPIObject;
  }, 120_000);
  afterAll(async () => {
    await served.stop();
    await rm(home, { recursive: true, force: true });
  });

  const operationOf = (kind: Kind, name: string): Operation | undefined =>
    document.paths[`/models/${kind}/${name}`]?.post as Operation | undefined;

  /** What the document shows, or a picture. */
  function bodyOf(kind: Kind, { requestBody }: Operation): [type: string, body: string | Buffer] {
    if (kind === 'layer') return [JSON_TYPE, '[[0.1, 0.2, 0.3, 0.4]]'];
    if (TEXTS.has(kind)) return ['text/plain', 'I really liked that movie!'];
    if (!ROWS.has(kind)) return ['image/png', fixture('vision/images/rgb.png')];
    return [JSON_TYPE, JSON.stringify(requestBody.content[JSON_TYPE]?.example)];
  }

  async function answerOf(kind: Kind, name: string, type: string, body: string | Buffer) {
    const answer = await fetch(`${served.url}models/${kind}/${name}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: body as string,
    });
    return { status: answer.status, json: (await answer.json()) as unknown };
  }

  it('is valid', async () => {
    const copy = structuredClone(document) as unknown;
    await SwaggerParser.validate(copy as Parameters<typeof SwaggerParser.validate>[0]);
  });

  it.each(KINDS)('documents the response: %s', async (kind) => {
    for (const name of ['predict', 'explain', 'show']) {
      const operation = operationOf(kind, name);
      if (operation === undefined) continue;
      const schema = operation.responses['200']?.content[JSON_TYPE]?.schema ?? {};
      const [type, body] = bodyOf(kind, operation);
      const { status, json } = await answerOf(kind, name, type, body);
      const fault = status === 400 ? 'refused' : schemaFaults(schema, json, document);
      // Regressions have no class whose probability could be explained.
      const refuses = name === 'explain' && status === 400;
      if (!refuses) expect([name, status, fault, json]).toEqual([name, 200, undefined, json]);
    }
  });

  it('documents the response for many rows', async () => {
    const operation = operationOf('rows', 'predict')!;
    const row = operation.requestBody.content[JSON_TYPE]?.example;
    const { json } = await answerOf('rows', 'predict', JSON_TYPE, JSON.stringify([row, row]));
    const schema = operation.responses['200']!.content[JSON_TYPE]!.schema;
    expect(json).toMatchObject({ predictions: [{}, {}] });
    expect(schemaFaults(schema, json, document)).toBeUndefined();
  });

  it('has a type for everything in clients of TypeScript', async () => {
    const path = join(home, 'client');
    await createClient({
      input: document as never,
      output: { path },
      plugins: ['@hey-api/typescript'],
      logs: { level: 'silent', file: false },
    });
    const learners = KINDS.filter((kind) => kind !== 'layer');
    const types = await readFile(`${path}/types.gen.ts`, 'utf8');
    const named = new RegExp(
      `export type (Predict|Explain|Show)(${learners.join('|')})\\w* = `,
      'i',
    );
    const all = types.split(/\n(?=export type )/).filter((type) => named.test(type));
    expect(all.length).toBeGreaterThan(learners.length * 4);
    expect(all.filter((type) => /\b(?:any|unknown)\b/.test(type))).toEqual([]);
    const source = await generateSource(document as never, {});
    const functions = source
      .split(/\nexport function /)
      .filter((text) => !text.startsWith('predictLayer'));
    expect(functions.slice(1).filter((text) => /\bany\b/.test(text))).toEqual([]);
  });
});
