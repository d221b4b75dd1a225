import type { VtsDocsOptions } from 'nestjs-vts';

/** The introduction of the OpenAPI document, and how clients authenticate. */
export const docs: VtsDocsOptions = {
  title: 'Reviews, for clients with a key',
  configure: (builder) =>
    builder.addApiKey({ type: 'apiKey', in: 'header', name: 'X-Api-Key' }, 'api-key'),
};
