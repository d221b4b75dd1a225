import SwaggerParser from '@apidevtools/swagger-parser';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { documentOf, sampleNames } from './helpers/sample-app.js';

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
});
