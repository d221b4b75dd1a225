import type { Observable } from 'rxjs';
import type { RequestBody } from './request-body.js';

/** A JSON schema as OpenAPI 3.0 has it. @publicApi */
export interface IoSchema {
  $ref?: string;
  type?: 'array' | 'boolean' | 'integer' | 'number' | 'object' | 'string';
  format?: string;
  items?: IoSchema;
  oneOf?: IoSchema[];
  properties?: Record<string, IoSchema>;
  required?: string[];
  additionalProperties?: IoSchema | boolean;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  nullable?: boolean;
  description?: string;
}

/** What a descriptor puts into a response. @publicApi */
export interface ResponsePayload {
  /** The value of the content-type header, with parameters. */
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/**
 * Values that come one by one, as a handler of an endpoint with a stream returns them.
 *
 * @publicApi
 */
export type Streamed<T> = Observable<T> | AsyncIterable<T>;

/**
 * How one side of an endpoint's contract travels over HTTP: extend it for formats of your own.
 *
 * An instance is shared by all requests of its endpoints, so it keeps nothing of any of them.
 *
 * @typeParam Input What handlers get when the descriptor is their input.
 * @typeParam Output What handlers may return when the descriptor is their output.
 *
 * @example
 * class Csv extends IoDescriptor<string[][]> {
 *   readonly mediaType = 'text/csv';
 *   readonly schema = { type: 'string' } as const;
 *   parse(body: RequestBody) {
 *     return new TextDecoder().decode(body.bytes).trim().split('\n').map((line) => line.split(','));
 *   }
 *   serialize(rows: string[][]) {
 *     return { contentType: 'text/csv; charset=utf-8', body: rows.map((row) => row.join(',')).join('\n') };
 *   }
 * }
 *
 * @publicApi
 */
export abstract class IoDescriptor<Input, Output = Input> {
  /** The one media type of requests and responses, without parameters. */
  abstract readonly mediaType: string;
  /**
   * What requests hold, and responses as well where there is no `outputSchema`; for the OpenAPI
   * document.
   */
  abstract readonly schema: IoSchema;
  /** What responses hold, where it differs. */
  readonly outputSchema?: IoSchema;
  /** The example of the OpenAPI document. */
  readonly example?: unknown;
  /** Other media types that requests may have, with their schemas; `accepts` has to take them. */
  readonly alternatives?: Readonly<Record<string, IoSchema>>;
  /** Of a form: the media types of each part. */
  readonly encoding?: Readonly<Record<string, { readonly contentType: string }>>;
  /** Classes that the schemas refer to with `$ref`. */
  readonly models?: readonly (new () => object)[];
  /** The media type of responses, where it is not that of requests. */
  readonly outputMediaType?: string;
  /** Largest body in bytes, decompressed. Undefined for the module's `maxBodyBytes`. */
  readonly maxBytes?: number;

  /**
   * Reads the input of a handler.
   *
   * @throws InputError for a body that is wrong: HTTP 400.
   */
  abstract parse(body: RequestBody): Input | Promise<Input>;

  /** Writes what a handler returned. Whatever it throws is a fault of the service: HTTP 500. */
  abstract serialize(value: Output): ResponsePayload | Promise<ResponsePayload>;

  /**
   * Where a descriptor has this method, responses are streams of server-sent events
   * (`text/event-stream`): the handler returns an Observable or an async iterable, and this makes
   * the data of an event of each of its values. What it throws is a fault of the service, as with
   * `serialize`, which is not called.
   */
  serializeEvent?(value: unknown): string;

  /** Whether the body may have this media type. By default the descriptor's own, or none. */
  accepts(mediaType: string | undefined): boolean {
    return mediaType === undefined || mediaType === this.mediaType;
  }
}
