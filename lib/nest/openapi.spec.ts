import 'reflect-metadata';
import * as swagger from '@nestjs/swagger';
import { describe, expect, it } from 'vitest';
import * as own from './openapi.js';

type Decorators = typeof own;

class Example {}

const lazy = (): typeof Example => Example;
const getters = {
  get schema() {
    return { type: 'string' };
  },
};

const ON_METHODS: Record<string, (by: Decorators) => (MethodDecorator | PropertyDecorator)[]> = {
  'an operation': ({ ApiOperation }) => [
    ApiOperation({ description: 'After.', deprecated: true }),
    ApiOperation({
      summary: 'First.',
      requestBody: { required: true, content: { 'text/plain': getters } },
      operationId: undefined,
    } as swagger.ApiOperationOptions),
  ],
  'an operation without a summary': ({ ApiOperation }) => [ApiOperation({})],
  tags: ({ ApiTags }) => [ApiTags('b', 'c'), ApiTags('a')],
  'parameters of the route': ({ ApiParam }) => [
    ApiParam({ name: 'id', required: true, schema: { type: 'string' } }),
    ApiParam({ name: 'path', schema: { type: 'string' }, required: false }),
  ],
  'parameters of the query': ({ ApiQuery }) => [
    ApiQuery({ name: 'a', required: false, schema: { type: 'string' }, description: 'One.' }),
    ApiQuery({ name: 'b', schema: { type: 'boolean' } }),
  ],
  headers: ({ ApiHeader }) => [
    ApiHeader({ name: 'A', required: false, description: 'One.', schema: { type: 'string' } }),
  ],
  models: ({ ApiExtraModels }) => [ApiExtraModels(Example), ApiExtraModels(Decorated, Example)],
  responses: ({ ApiOkResponse, ApiResponse, ApiServiceUnavailableResponse }) => [
    ApiResponse({ status: 400, headers: {}, content: { 'application/json': getters } }),
    ApiOkResponse({ schema: { type: 'object' }, description: 'Well.' }),
    ApiServiceUnavailableResponse({ type: Example, description: 'Ill.' }),
  ],
  'a response that is described twice': ({ ApiResponse }) => [
    ApiResponse({ status: 200, description: 'Two.', examples: { b: { summary: 'b', value: 2 } } }),
    ApiResponse({ status: 200, description: 'One.', examples: { a: { summary: 'a', value: 1 } } }),
    ApiResponse({ status: 200, type: Example }),
  ],
};

const PROPERTIES: Record<string, swagger.ApiPropertyOptions> = {
  'a type': { type: 'integer', example: 400 },
  'the type of the compiler': { required: false },
  'values of any type': { oneOf: [{}], required: true, nullable: true } as object,
  texts: { enum: ['a', 1], required: true },
  booleans: { enum: [true, 1] },
  numbers: { enum: [1, 2] },
  'numbers that are said to be whole': { type: 'integer', enum: [1, 2] },
  'a list': { type: 'array', items: { type: 'string', enum: ['a'] }, minItems: 1, required: true },
  'a class': { type: lazy, required: false },
  'a list of a class': { type: lazy, required: true, isArray: true, minItems: 2 },
};

class Decorated {}

function metadataOf(target: object, key?: string): [unknown, unknown][] {
  const at = key === undefined ? ([target] as const) : ([target, key] as const);
  const keys = Reflect.getMetadataKeys(...(at as [object])) as string[];
  return keys
    .filter((name) => name.startsWith('swagger/'))
    .map((name) => [name, Reflect.getMetadata(name, ...(at as [object]))] as [unknown, unknown]);
}

/** Both values and the order of keys, which is that of the document. */
function expectEqual(mine: unknown, theirs: unknown): void {
  expect(mine).toStrictEqual(theirs);
  expect(JSON.stringify(mine)).toBe(JSON.stringify(theirs));
}

const theirs = swagger as unknown as Decorators;

describe('documentation for @nestjs/swagger equals that of its own decorators', () => {
  it.each(Object.entries(ON_METHODS))('%s', (_name, decorators) => {
    const [mine, wanted] = [own, theirs].map((by) => {
      class Target {
        method(): void {}
      }
      const descriptor = Object.getOwnPropertyDescriptor(Target.prototype, 'method');
      for (const decorator of decorators(by).reverse()) {
        (decorator as MethodDecorator)(Target.prototype, 'method', descriptor!);
      }
      return metadataOf(Target.prototype.method);
    });
    expect(wanted).not.toEqual([]);
    expectEqual(mine, wanted);
  });

  it.each(Object.entries(PROPERTIES))('a property: %s', (_name, options) => {
    for (const factory of [undefined, () => ({ property: { type: lazy } })]) {
      const [mine, wanted] = [own, theirs].map(({ ApiProperty }) => {
        class Target {
          property!: string;
          other!: string;
        }
        if (factory) Object.assign(Target, { _OPENAPI_METADATA_FACTORY: factory });
        Reflect.defineMetadata('design:type', String, Target.prototype, 'property');
        ApiProperty(options)(Target.prototype, 'property');
        if (factory === undefined) ApiProperty(options)(Target.prototype, 'other');
        return [...metadataOf(Target.prototype), ...metadataOf(Target.prototype, 'property')];
      });
      expect(wanted).toHaveLength(2);
      expectEqual(mine, wanted);
    }
  });

  it('tags and schemas of classes, and their places', () => {
    const [mine, wanted] = [own, theirs].map(({ ApiSchema, ApiTags, getSchemaPath }) => {
      class Target {}
      const before = getSchemaPath(Target);
      for (const options of [{ name: 'Renamed' }, { description: 'Told.' }, { name: 'Last' }]) {
        ApiSchema(options)(Target);
      }
      ApiTags('a')(Target);
      return [before, getSchemaPath(Target), metadataOf(Target)];
    });
    expect(wanted?.slice(0, 2)).toEqual([
      '#/components/schemas/Target',
      '#/components/schemas/Last',
    ]);
    expectEqual(mine, wanted);
  });
});
