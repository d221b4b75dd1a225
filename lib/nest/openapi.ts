import 'reflect-metadata';
import type {
  ApiHeaderOptions,
  ApiOperationOptions,
  ApiParamOptions,
  ApiPropertyOptions,
  ApiQueryOptions,
  ApiResponseOptions,
  ApiSchemaOptions,
} from '@nestjs/swagger';

// The decorators of @nestjs/swagger that this package uses. They write the same metadata as the
// originals without loading the package, which is half as large as Nest: most processes never
// create a document. SwaggerModule may create one at any time without notice, so the metadata must
// exist from the start. A test compares them with those of @nestjs/swagger.

type Facts = Record<string, unknown>;

/** On the decorated method, or else on the class. */
type AnyDecorator = (
  target: object,
  key?: string | symbol,
  descriptor?: TypedPropertyDescriptor<never>,
) => void;

function noting<Value>(
  name: string,
  change: (previous: Value | undefined) => Value,
): AnyDecorator & MethodDecorator {
  return (target: object, _key?: string | symbol, descriptor?: { value?: unknown }): void => {
    const on = (descriptor?.value ?? target) as object;
    const key = `swagger/${name}`;
    const previous = Reflect.getMetadata(key, on) as Value | undefined;
    Reflect.defineMetadata(key, change(previous), on);
  };
}

const adding = (name: string, more: readonly unknown[]) =>
  noting<unknown[]>(name, (previous = []) => [...previous, ...more]);

function defined(facts: object): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

export const ApiTags = (...tags: string[]) => adding('apiUseTags', tags);

/** Leaves a controller out of the document. */
export const ApiExcludeController = () => adding('apiExcludeController', [true]);

export const ApiExtraModels = (...models: (new (...args: never[]) => object)[]) =>
  adding('apiExtraModels', models);

export const ApiSchema = (options: ApiSchemaOptions) => adding('apiSchema', [options]);

export const ApiParam = ({ name, ...options }: ApiParamOptions & { name: string }) =>
  adding('apiParameters', [defined({ name, required: true, in: 'path', ...options })]);

export const ApiQuery = ({ name, ...options }: ApiQueryOptions & { name: string }) =>
  adding('apiParameters', [defined({ name, required: true, in: 'query', ...options })]);

export const ApiHeader = ({
  name,
  description,
  required,
  schema,
}: ApiHeaderOptions & { name: string }) =>
  adding('apiParameters', [defined({ name, in: 'header', description, required, schema })]);

export const ApiOperation = (options: ApiOperationOptions) =>
  noting<Facts>('apiOperation', (previous) => ({
    ...previous,
    ...defined({ summary: '', ...options }),
  }));

/** @param options `type` is a class, or omitted. */
export function ApiResponse({ status, ...options }: ApiResponseOptions & { status: number }) {
  const { type, description = '' } = options as { type?: unknown; description?: string };
  const response: Facts = { ...options, description, type, isArray: type && false };
  return noting<Record<number, Facts>>('apiResponse', (previous) => ({
    ...previous,
    [status]: merged(previous?.[status], response),
  }));
}

export const ApiOkResponse = (options: ApiResponseOptions) =>
  ApiResponse({ ...options, status: 200 });

export const ApiServiceUnavailableResponse = (options: ApiResponseOptions) =>
  ApiResponse({ ...options, status: 503 });

/** A response that is described twice. */
function merged(before: Facts | undefined, now: Facts): Facts {
  if (before === undefined) return now;
  const texts = [before['description'], now['description']].filter(Boolean);
  const [old, added] = [before['examples'], now['examples']] as (object | undefined)[];
  const examples = old && added ? { ...old, ...added } : (added ?? old);
  return {
    ...before,
    ...now,
    description: texts.join('\n\n'),
    ...(examples === undefined ? {} : { examples }),
  };
}

const PROPERTIES = 'swagger/apiModelPropertiesArray';
const PROPERTY = 'swagger/apiModelProperties';

/**
 * For a property without a description.
 *
 * @param options `type` is a text or a function that returns a class, or is omitted; `enum` is a
 *   list.
 */
export function ApiProperty(options: ApiPropertyOptions): PropertyDecorator {
  return (target, key) => {
    const names = (Reflect.getMetadata(PROPERTIES, target) ?? []) as string[];
    Reflect.defineMetadata(PROPERTIES, [...names, `:${String(key)}`], target);
    const given = options as { type?: unknown; enum?: unknown[]; isArray?: boolean };
    const isArray = given.isArray ?? (given.type ? false : undefined);
    const type = given.type ?? (given.enum && typeOf(given.enum));
    const facts = { type: designed(target, key), ...defined({ ...options, type, isArray }) };
    Reflect.defineMetadata(PROPERTY, facts, target, key);
  };
}

function typeOf(values: readonly unknown[]): string {
  const types = values.map((value) => typeof value);
  return ['string', 'boolean'].find((type) => types.some((each) => each === type)) ?? 'number';
}

/** The metadata of a property from the compiler, or from the compiler plugin of @nestjs/swagger. */
function designed(target: object, key: string | symbol): unknown {
  const { _OPENAPI_METADATA_FACTORY: noted } = target.constructor as {
    _OPENAPI_METADATA_FACTORY?: () => Record<string | symbol, { type?: unknown } | undefined>;
  };
  return noted?.()[key]?.type ?? Reflect.getMetadata('design:type', target, key);
}

/** The reference to the schema of a class in the document. */
export function getSchemaPath(model: new (...args: never[]) => object): string {
  const schemas = Reflect.getOwnMetadata('swagger/apiSchema', model) as
    { name?: string }[] | undefined;
  return `#/components/schemas/${schemas?.at(-1)?.name ?? model.name}`;
}
