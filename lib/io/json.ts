import { getSchemaPath } from '@nestjs/swagger';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { InvalidBodyError, InvalidOutputError } from './errors/index.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import type { RequestBody } from './request-body.js';

/** @publicApi */
export interface JsonOptions<T extends object> {
  /** The class of the object: decorated with class-validator's rules, and with `@ApiProperty` for the document. */
  dto?: new () => T;
  /** The example of the OpenAPI document. */
  sample?: unknown;
  /** Largest body in bytes. @default the module's `maxBodyBytes` */
  maxBytes?: number;
}

/**
 * JSON, in and out. With a class, the body must be an object that follows the class's rules: a 400 names every rule
 * that it breaks, and every property that the class does not have. Handlers get an instance of the class.
 *
 * Out: what `JSON.stringify` makes of the value; NaN and infinities are `null`.
 *
 * @example
 * \@VtsApi({ input: new Json({ dto: GenerateDto }), output: new Text({ stream: true }) })
 *
 * @publicApi
 */
export class Json<T extends object = Record<string, unknown>> extends IoDescriptor<T, unknown> {
  readonly mediaType = 'application/json';
  readonly schema: IoSchema;
  override readonly models: readonly (new () => object)[];
  override readonly example: unknown;
  override readonly maxBytes: number | undefined;
  readonly #dto: (new () => T) | undefined;

  constructor(options: JsonOptions<T> = {}) {
    super();
    this.#dto = options.dto;
    this.schema = options.dto ? { $ref: getSchemaPath(options.dto) } : {};
    this.models = options.dto ? [options.dto] : [];
    this.example = options.sample;
    this.maxBytes = options.maxBytes;
  }

  async parse({ bytes, parsed }: RequestBody): Promise<T> {
    const value = bytes === undefined ? parsed : parseJson(bytes);
    if (this.#dto === undefined) return value as T;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new InvalidBodyError('Json', 'the body is no object', 'send a JSON object');
    }
    const instance = plainToInstance(this.#dto, value);
    const errors = await validate(instance, { whitelist: true, forbidNonWhitelisted: true });
    if (errors.length > 0) {
      const facts = errors.flatMap((error) => violations(error)).join('; ');
      throw new InvalidBodyError('Json', facts, 'send an object as the document of the API has it');
    }
    return instance;
  }

  serialize(value: unknown): ResponsePayload {
    const body: string | undefined = JSON.stringify(value);
    if (body === undefined) {
      throw new InvalidOutputError('Json', `it is ${typeof value}`, 'return what JSON can hold');
    }
    return { contentType: 'application/json; charset=utf-8', body };
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'JSON' : 'UTF-8';
    throw new InvalidBodyError('Json', `the body is not valid ${reason}`, 'send JSON in UTF-8');
  }
}

/** The rules that are broken, each with the path of its property. */
function violations(error: ValidationError, parent = ''): string[] {
  const { property, constraints = {}, children = [] } = error;
  return [
    ...Object.values(constraints).map((message) => `${parent}${message}`),
    ...children.flatMap((child) => violations(child, `${parent}${property}.`)),
  ];
}
