import type { IoSchema } from './io-descriptor.js';

/** People read the document, and longer examples do not help them. */
const MOST_EXAMPLE_BYTES = 4096;

export function binarySchema(sample: Uint8Array | undefined, what = 'bytes'): IoSchema {
  const schema: IoSchema = { type: 'string', format: 'binary' };
  if (sample === undefined) return schema;
  const given = sample.length <= MOST_EXAMPLE_BYTES ? '; the example shows them in base64' : '';
  return { ...schema, description: `For example ${sample.length} ${what}${given}.` };
}

/** The bytes in base64, because a JSON document cannot hold bytes; undefined for long ones. */
export function binaryExample(sample: Uint8Array | undefined): string | undefined {
  if (sample === undefined || sample.length > MOST_EXAMPLE_BYTES) return undefined;
  return Buffer.from(sample.buffer, sample.byteOffset, sample.byteLength).toString('base64');
}
