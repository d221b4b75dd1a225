import { getSchemaPath } from '../openapi.js';
import { readJson } from './body-text.js';
import { errorOf, InvalidBodyError, InvalidDescriptorError, InvalidOutputError } from './errors.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import { describeDto } from './json/describe-dto.js';
import { checked, rulesOf, type Checked } from './json/dto.js';
import { sampleSchema } from './json/sample-schema.js';
import { isLarge, jsonPieces, writeJson } from './json/write-json.js';
import { wholeOrPieces } from './pieces.js';
import type { RequestBody } from './request-body.js';

/** More of them would not improve the message. */
const MOST_VIOLATIONS = 100;

type JsonValue<T extends object, IsArray extends boolean> = IsArray extends true ? T[] : T;

/** @publicApi */
export interface JsonOptions<T extends object, IsArray extends boolean = false> {
  /**
   * The class of the object, with class-validator rules. `@ApiProperty` documents a property;
   * without it the rules do. Nested classes (`@ValidateNested` and class-transformer's `@Type`)
   * work the same.
   */
  dto?: new () => T;
  /** Whether the body is an array of such objects. @default false */
  isArray?: IsArray;
  /** The schema in the OpenAPI document if there is no class. It checks nothing. */
  schema?: IoSchema;
  /** The example of the OpenAPI document. */
  sample?: unknown;
  /** Largest body in bytes. @default the module's `maxBodyBytes` */
  maxBytes?: number;
}

/**
 * JSON (`application/json`, UTF-8), in and out. With a class, the body must be an object that
 * follows the class's rules, or with `isArray` an array of such objects. A 400 lists every broken
 * rule with the full path of its property (`items.0.price must be a positive number`), and every
 * property that the class does not have. Handlers get instances of the class. Without a class, any
 * JSON is accepted.
 *
 * In: strict JSON. The words NaN and Infinity, numbers that a double cannot hold (1e999), and
 * nesting beyond 512 levels are a 400; null is null. Out: tensors, typed arrays and data frames
 * become arrays, a Map becomes an object and a Set an array. NaN and the infinities, which JSON
 * lacks, become null. A bigint becomes a number with all its digits. A value that JSON cannot hold
 * is a 500, with the reason in the log.
 *
 * @example
 * \@VtsApi({ input: new Json({ dto: GenerateDto }), output: new Text({ stream: true }) })
 * \@VtsApi({ input: new Json({ dto: ReviewDto, isArray: true }), output: Json })
 *
 * @publicApi
 */
export class Json<
  T extends object = Record<string, unknown>,
  IsArray extends boolean = false,
> extends IoDescriptor<JsonValue<T, IsArray>, unknown> {
  readonly mediaType = 'application/json';
  readonly schema: IoSchema;
  override readonly models: readonly (new () => object)[];
  override readonly example: unknown;
  override readonly maxBytes: number | undefined;
  readonly #dto: (new () => T) | undefined;
  readonly #isArray: boolean;

  /**
   * @throws InvalidDescriptorError if the class has no rules and would refuse every body.
   * @throws MissingPackageError if class-validator or class-transformer is not installed.
   */
  constructor(options: JsonOptions<T, IsArray> = {}) {
    super();
    const { dto, isArray = false, schema = {}, sample, maxBytes } = options;
    this.#dto = dto;
    this.#isArray = isArray;
    if (dto) describe(dto);
    const item: IoSchema = dto ? { $ref: getSchemaPath(dto) } : schema;
    this.schema = isArray ? { type: 'array', items: item } : item;
    this.models = dto ? [dto] : [];
    this.example = sample === undefined ? undefined : exampleOf(sample);
    this.maxBytes = maxBytes;
  }

  /**
   * The OpenAPI document shows this value as the example, and without a class its schema. The value
   * may be anything that `serialize` takes. The schema checks nothing.
   */
  static fromSample<T extends object = Record<string, unknown>, IsArray extends boolean = false>(
    sample: unknown,
    options: JsonOptions<T, IsArray> = {},
  ): Json<T, IsArray> {
    const { isArray = false, dto } = options;
    const schema = dto ? {} : sampleSchema(exampleOf(sample));
    const item = isArray ? (schema.items ?? {}) : schema;
    return new Json<T, IsArray>({ schema: item, ...options, sample });
  }

  async parse(body: RequestBody): Promise<JsonValue<T, IsArray>> {
    let value: unknown;
    try {
      value = readJson(body);
    } catch (fault) {
      throw errorOf(fault, InvalidBodyError, 'Json');
    }
    if (this.#isArray && !Array.isArray(value)) {
      throw new InvalidBodyError('Json', 'the body is not an array', 'send a JSON array');
    }
    if (this.#dto === undefined) return value as JsonValue<T, IsArray>;
    const results: Checked<T>[] = [];
    for (const [index, item] of (this.#isArray ? (value as unknown[]) : [value]).entries()) {
      results.push(await checked(this.#dto, item, this.#isArray ? `${index}` : ''));
    }
    refuse(results.flatMap(({ broken }) => broken));
    const instances = results.map(({ instance }) => instance);
    return (this.#isArray ? instances : instances[0]) as JsonValue<T, IsArray>;
  }

  serialize(value: unknown): ResponsePayload {
    let body: ResponsePayload['body'] | undefined;
    try {
      body = isLarge(value) ? wholeOrPieces(jsonPieces(value)) : writeJson(value);
    } catch (error) {
      // Circular, which V8 explains in several lines, or nested too deep.
      const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      throw new InvalidOutputError('Json', reason, 'return a value that JSON can hold');
    }
    if (body === undefined) {
      throw new InvalidOutputError(
        'Json',
        `it is ${typeof value}`,
        'return a value that JSON can hold',
      );
    }
    return { contentType: 'application/json; charset=utf-8', body };
  }
}

function describe(dto: new () => object): void {
  if (rulesOf(dto).length === 0) {
    throw new InvalidDescriptorError(
      'Json',
      `the class ${dto.name} has no decorators, so it would reject every property`,
      'decorate its properties with those of class-validator',
    );
  }
  describeDto(dto);
}

function exampleOf(sample: unknown): unknown {
  const text = writeJson(sample);
  if (text !== undefined) return JSON.parse(text);
  throw new InvalidDescriptorError('Json', 'JSON cannot hold the sample', 'give a JSON value');
}

function refuse(broken: readonly string[]): void {
  if (broken.length === 0) return;
  const shown = broken.slice(0, MOST_VIOLATIONS);
  const more = broken.length - shown.length;
  const facts = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
  throw new InvalidBodyError('Json', facts, 'send what the OpenAPI document describes');
}
