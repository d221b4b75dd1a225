import type { IoSchema } from '../io-descriptor.js';

/** The schema of values like this one: every property that it has is required. */
export function sampleSchema(sample: unknown): IoSchema {
  if (sample === null) return { nullable: true };
  if (Array.isArray(sample)) return { type: 'array', items: oneOf(sample.map(sampleSchema)) };
  switch (typeof sample) {
    case 'string':
      return { type: 'string' };
    case 'boolean':
      return { type: 'boolean' };
    case 'number':
      return { type: 'number' };
    case 'object': {
      const entries = Object.entries(sample);
      return {
        type: 'object',
        properties: Object.fromEntries(entries.map(([name, value]) => [name, sampleSchema(value)])),
        required: entries.map(([name]) => name),
      };
    }
    default:
      return {};
  }
}

/** One schema for all items of a list; where some are null, it may be. */
function oneOf(schemas: readonly IoSchema[]): IoSchema {
  const nullable = schemas.some((schema) => schema.nullable && schema.type === undefined);
  const texts = new Map(
    schemas
      .filter((schema) => !schema.nullable || schema.type !== undefined)
      .map((schema) => [JSON.stringify(schema), schema]),
  );
  const distinct = [...texts.values()];
  const [only = {}] = distinct;
  const schema: IoSchema = distinct.length > 1 ? { oneOf: distinct } : only;
  return nullable ? { ...schema, nullable: true } : schema;
}
