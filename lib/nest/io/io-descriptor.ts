import type { Observable } from 'rxjs';
import type { RequestBody } from './request-body.js';

/** A JSON schema as OpenAPI 3.0 has it. @publicApi */
export interface IoSchema {
  $ref?: string;
  /** The name that generators of clients give to the type. */
  title?: string;
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
  /**
   * The whole of it, or pieces: each is asked for when there is room for it, with turns of the
   * event loop between them, so that a large answer keeps nobody waiting. What a piece throws
   * breaks the response off; an error of the service has to be thrown before.
   */
  readonly body: string | Uint8Array | Iterable<string | Uint8Array>;
}

/** Values of a stream, as a streaming handler returns them. @publicApi */
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
  /** The content of requests, and of responses unless `outputSchema` differs. */
  abstract readonly schema: IoSchema;
  /** The content of responses, where it differs from that of requests. */
  readonly outputSchema?: IoSchema;
  /** The example of the OpenAPI document. */
  readonly example?: unknown;
  /** Other media types of requests, with their schemas. `accepts` must allow them. */
  readonly alternatives?: Readonly<Record<string, IoSchema>>;
  /** Further ones, of requests that are no form. */
  readonly bodyAlternatives?: Readonly<Record<string, IoSchema>>;
  /** What the OpenAPI document says of request bodies. */
  readonly bodyDescription?: string;
  /** Of a form: the media types of each part. */
  readonly encoding?: Readonly<Record<string, { readonly contentType: string }>>;
  /** Classes that the schemas refer to with `$ref`. */
  readonly models?: readonly (new () => object)[];
  /** The media type of responses, where it is not that of requests. */
  readonly outputMediaType?: string;
  /** Other media types of responses, by the request's `Accept`, with their schemas. */
  readonly outputAlternatives?: Readonly<Record<string, IoSchema>>;
  /** An `Accept` may ask for what its results cannot be sent as: HTTP 406. @default false */
  readonly refusesAccept?: boolean;
  /** Largest body in bytes, decompressed. Undefined for the module's `maxBodyBytes`. */
  readonly maxBytes?: number;

  /** Reads a handler's input. @throws InputError for a wrong body: HTTP 400. */
  abstract parse(body: RequestBody): Input | Promise<Input>;

  /**
   * Writes what a handler returned. An error here is a fault of the service: HTTP 500; but for
   * NotAcceptableError, a 406.
   *
   * @param accept The request's `Accept` header, for descriptors that have `outputAlternatives`.
   */
  abstract serialize(value: Output, accept?: string): ResponsePayload | Promise<ResponsePayload>;

  /**
   * A descriptor with this method streams server-sent events (`text/event-stream`). The handler
   * returns an Observable or an async iterable, and this method writes the data of one event for
   * each value. It replaces `serialize`; an error here is a fault of the service too.
   */
  serializeEvent?(value: unknown): string;

  /**
   * Whether the answer to a request with this `Accept` is a stream, for descriptors that also answer
   * otherwise. @default true, with `serializeEvent`
   */
  streamsFor?(accept: string | undefined): boolean;

  /** Whether the body may have this media type. Default: the descriptor's own, or none. */
  accepts(mediaType: string | undefined): boolean {
    return mediaType === undefined || mediaType === this.mediaType;
  }
}
