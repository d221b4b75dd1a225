import type { VtsDocsOptions } from 'nestjs-vts';

/** The introduction of the OpenAPI document. */
export const docs: VtsDocsOptions = { title: 'Shapes in pictures' };
