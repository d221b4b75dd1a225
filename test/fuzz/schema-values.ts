import fc from 'fast-check';

/** A schema of an OpenAPI document, as far as it is read here. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
}

/** Schemas by the name that a `$ref` ends with. */
export type Components = Readonly<Record<string, Schema>>;

export function resolved(schema: Schema, components: Components): Schema {
  const name = schema.$ref?.split('/').at(-1);
  const target = name === undefined ? undefined : components[name];
  if (target) return resolved(target, components);
  if (schema.allOf) {
    const { allOf, ...own } = schema;
    return allOf.reduce<Schema>((all, each) => ({ ...all, ...resolved(each, components) }), own);
  }
  return schema;
}

/** Values that keep to a schema. */
export function validValues(given: Schema, components: Components): fc.Arbitrary<unknown> {
  const schema = resolved(given, components);
  const values = nonNull(schema, components);
  return schema.nullable ? fc.option(values, { freq: 5 }) : values;
}

function nonNull(schema: Schema, components: Components): fc.Arbitrary<unknown> {
  return withinBounds(schema, components).filter(
    (value) =>
      !(schema.exclusiveMinimum && value === schema.minimum) &&
      !(schema.exclusiveMaximum && value === schema.maximum),
  );
}

function withinBounds(schema: Schema, components: Components): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return fc.oneof(...choices.map((each) => validValues(each, components)));
  const { minimum, maximum } = schema;
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer': {
      const most = Number.MAX_SAFE_INTEGER;
      return fc.integer({ min: minimum ?? -most, max: maximum ?? most });
    }
    case 'number':
      return fc.oneof(
        fc.integer({ min: Math.ceil(minimum ?? -1000), max: Math.floor(maximum ?? 1000) }),
        fc.double({
          min: minimum ?? -Number.MAX_VALUE,
          max: maximum ?? Number.MAX_VALUE,
          noNaN: true,
        }),
      );
    case 'string':
      return texts(schema);
    case 'array': {
      const { items = {}, minItems = 0, maxItems = Math.max(minItems, 5) } = schema;
      return fc.array(validValues(items, components), {
        minLength: minItems,
        maxLength: Math.min(maxItems, minItems + 5),
      });
    }
    case 'object':
      return objects(schema, components);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function texts({ minLength = 0, maxLength = 400 }: Schema): fc.Arbitrary<string> {
  const length = { minLength, maxLength: Math.min(maxLength, Math.max(minLength, 400)) };
  const words = fc
    .array(fc.constantFrom('I', 'really', 'liked', 'that', 'film!', 'F', 'Masters', '🎬'), {
      maxLength: 30,
    })
    .map((all) => all.join(' ').slice(0, maxLength))
    .filter((text) => [...text].length >= minLength);
  return fc.oneof(
    words,
    fc.string({ ...length, unit: 'grapheme' }).filter((text) => [...text].length <= maxLength),
    fc.string({ ...length, unit: 'binary' }),
  );
}

function objects(schema: Schema, components: Components): fc.Arbitrary<object> {
  const properties = Object.entries(schema.properties ?? {});
  return fc.record(
    Object.fromEntries(properties.map(([name, each]) => [name, validValues(each, components)])),
    { requiredKeys: [...(schema.required ?? [])] },
  );
}

/**
 * Copies of a valid value with one fault each, which a service that keeps its word has to refuse.
 */
export function mutants(
  value: unknown,
  given: Schema,
  components: Components,
  alone = true,
): unknown[] {
  const schema = resolved(given, components);
  const found: unknown[] = [];
  if (value === null || schema.oneOf || schema.anyOf) return found;
  if (schema.enum) return [{ not: 'one of them' }];
  switch (schema.type) {
    case 'boolean':
      found.push({ a: true }, [true]);
      break;
    case 'integer':
    case 'number':
      found.push({ a: 1 }, [1], 'a text');
      if (schema.type === 'integer') found.push(0.5);
      if (schema.minimum !== undefined) found.push(schema.minimum - 1);
      if (schema.maximum !== undefined) found.push(schema.maximum + 1);
      break;
    case 'string':
      found.push({ a: 'text' }, ['text']);
      if (schema.maxLength !== undefined) found.push('x'.repeat(schema.maxLength + 1));
      if (schema.minLength) found.push('');
      break;
    case 'array':
      found.push(...ofArray(value as readonly unknown[], schema, components));
      break;
    case 'object':
      found.push(...ofObject(value as Record<string, unknown>, schema, components, alone));
      break;
  }
  return found;
}

function ofArray(value: readonly unknown[], schema: Schema, components: Components): unknown[] {
  const { items = {}, minItems = 0, maxItems } = schema;
  const found: unknown[] = ['a text', 3, { a: [] }];
  if (minItems > 0) found.push(value.slice(0, minItems - 1));
  if (maxItems !== undefined && value.length > 0) {
    found.push(Array.from({ length: maxItems + 1 }, () => value[0]));
  }
  value.forEach((item, index) => {
    // What one row of a frame lacks is a missing cell where other rows have it, as in pandas.
    const single = value.length === 1;
    for (const each of mutants(item, items, components, single)) {
      found.push(value.with(index, each));
    }
  });
  return found;
}

function ofObject(
  value: Readonly<Record<string, unknown>>,
  schema: Schema,
  components: Components,
  alone: boolean,
): unknown[] {
  const found: unknown[] = ['a text', 3];
  for (const name of alone ? (schema.required ?? []) : []) {
    const { [name]: _, ...rest } = value;
    found.push(rest);
  }
  for (const [name, each] of Object.entries(schema.properties ?? {})) {
    if (!Object.hasOwn(value, name)) continue;
    for (const item of mutants(value[name], each, components)) {
      found.push({ ...value, [name]: item });
    }
  }
  return found;
}
