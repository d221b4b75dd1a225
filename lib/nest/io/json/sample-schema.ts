import type { IoSchema } from '../io-descriptor.js';

/** The schema of values like this one. Every property of the value is required. */
export function sampleSchema(sample: unknown): IoSchema {
  if (sample === null) return { nullable: true };
  if (Array.isArray(sample)) return { type: 'array', items: oneOf(sample.map(sampleSchema)) };
  const type = typeof sample;
  if (type === 'string' || type === 'boolean' || type === 'number') return { type };
  if (typeof sample !== 'object') return {};
  const entries = Object.entries(sample as object).map(([name, value]): [string, IoSchema] => [
    name,
    sampleSchema(value),
  ]);
  return {
    type: 'object',
    properties: Object.fromEntries(entries),
    required: entries.map(([name]) => name),
  };
}

/** One schema for all items of a list. If some are null, it is nullable. */
function oneOf(schemas: readonly IoSchema[]): IoSchema {
  const isNull = (schema: IoSchema): boolean => !!schema.nullable && schema.type === undefined;
  const present = schemas.filter((schema) => !isNull(schema));
  const objects = present.length > 0 && present.every(({ properties }) => properties !== undefined);
  const schema = objects ? merged(present) : unionOf(present);
  return schemas.some(isNull) ? nullableOf(schema) : schema;
}

/** Objects of one list belong to one class, so properties that some of them lack are optional. */
function merged(objects: readonly IoSchema[]): IoSchema {
  const names = new Set(objects.flatMap(({ properties = {} }) => Object.keys(properties)));
  const valuesOf = (name: string): IoSchema[] =>
    objects.flatMap(({ properties = {} }) =>
      Object.hasOwn(properties, name) ? [properties[name] as IoSchema] : [],
    );
  return {
    type: 'object',
    properties: Object.fromEntries([...names].map((name) => [name, oneOf(valuesOf(name))])),
    required: [...names].filter((name) => valuesOf(name).length === objects.length),
  };
}

/** Null belongs to one of the types: without a type, `nullable` has no meaning. */
function nullableOf(schema: IoSchema): IoSchema {
  const [first, ...others] = schema.oneOf ?? [];
  return first
    ? { oneOf: [{ ...first, nullable: true }, ...others] }
    : { ...schema, nullable: true };
}

/** Equal schemas count once. */
export function unionOf(schemas: readonly IoSchema[]): IoSchema {
  const distinct = new Map(schemas.map((schema) => [JSON.stringify(schema), schema]));
  const [only = {}, ...others] = distinct.values();
  return others.length > 0 ? { oneOf: [only, ...others] } : only;
}
