import type { VtsDocsOptions } from 'nestjs-vts';

/** What stands above the endpoints in the OpenAPI document, and how clients show who they are. */
export const docs: VtsDocsOptions = {
  title: 'Reviews, for clients with a key',
  configure: (builder) =>
    builder.addApiKey({ type: 'apiKey', in: 'header', name: 'X-Api-Key' }, 'api-key'),
};
