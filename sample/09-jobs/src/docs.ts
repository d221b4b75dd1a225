import type { VtsDocsOptions } from 'nestjs-vts';

/** What stands above the endpoints in the OpenAPI document. */
export const docs: VtsDocsOptions = { title: 'Jobs: long texts, and masks of pictures' };
