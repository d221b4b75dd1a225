import SwaggerParser from '@apidevtools/swagger-parser';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { schemaFaults } from './helpers/schema-faults.js';
import { documentOf, sampleNames } from './helpers/sample-app.js';

type Content = [type: string, content: { schema?: object; example?: unknown }];

/** What the operations of a path take and answer. */
function contentsOf(path: object): Content[] {
  const operations = Object.values(path) as Partial<Operation>[];
  return operations.flatMap(({ requestBody, responses = {} }) =>
    [requestBody, ...Object.values(responses)].flatMap((body) =>
      Object.entries(body?.content ?? {}),
    ),
  );
}

interface Operation {
  readonly requestBody: { readonly content: Record<string, Content[1]> };
  readonly responses: Record<string, { readonly content?: Record<string, Content[1]> }>;
}

/** `npm run openapi` writes the files anew. */
describe('The OpenAPI documents of the samples', () => {
  vi.stubEnv('API_KEYS', 'alice:one');
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  it.each(sampleNames)('of %s is valid, and the one in its folder', async (name) => {
    const document = await documentOf(name);
    // The validator resolves references in place.
    const copy = structuredClone(document) as unknown;
    await SwaggerParser.validate(copy as Parameters<typeof SwaggerParser.validate>[0]);
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(
      `../sample/${name}/openapi.json`,
    );
  });

  it.each(sampleNames)('of %s have examples of what their schemas say', async (name) => {
    const document = await documentOf(name);
    const contents = Object.values(document.paths).flatMap(contentsOf);
    const shown = contents.filter(([, { example }]) => example !== undefined);
    expect(shown.length).toBeGreaterThan(10);
    for (const [type, { schema = {}, example }] of shown) {
      expect([type, example, schemaFaults(schema, example, document)]).toEqual([
        type,
        example,
        undefined,
      ]);
    }
  });
});
