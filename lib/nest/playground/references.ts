import type { INestApplication } from '@nestjs/common';
import { createVtsDocument } from '../http/create-document.js';
import type { IoSchema } from '../io/io-descriptor.js';
import { optional } from '../optional.js';

/** Schemas by their names in the OpenAPI document. */
export type Schemas = Readonly<Record<string, IoSchema>>;

/** Classes may refer to themselves. */
const MOST_LEVELS = 6;

/** The schemas of an application's classes; none if @nestjs/swagger is not installed. */
export function schemasOf(app: INestApplication): Schemas {
  if (optional('@nestjs/swagger') === undefined) return {};
  return (createVtsDocument(app).components?.schemas ?? {}) as Schemas;
}

/** A schema with its references resolved. */
export function withoutReferences(schema: IoSchema, schemas: Schemas, level = 0): IoSchema {
  if (level > MOST_LEVELS) return {};
  const { $ref, ...rest } = schema;
  if ($ref !== undefined) {
    const name = decodeURIComponent($ref.slice($ref.lastIndexOf('/') + 1));
    return withoutReferences(
      Object.hasOwn(schemas, name) ? schemas[name]! : {},
      schemas,
      level + 1,
    );
  }
  const { items, oneOf, properties } = rest;
  const below = (each: IoSchema): IoSchema => withoutReferences(each, schemas, level + 1);
  return {
    ...rest,
    ...(items && { items: below(items) }),
    ...(oneOf && { oneOf: oneOf.map(below) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, each]) => [name, below(each)]),
      ),
    }),
  };
}
