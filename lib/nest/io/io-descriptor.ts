import type { Observable } from 'rxjs';
import type { RequestBody } from './request-body.js';

/** A JSON schema in the form of OpenAPI 3.0. @publicApi */
export interface IoSchema {
  $ref?: string;
  /** The name that client generators give to the type. */
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

/** The response body from a descriptor. @publicApi */
export interface ResponsePayload {
  /** The value of the content-type header, with parameters. */
  readonly contentType: string;
  /**
   * The whole body, or pieces. Each piece is requested when there is room for it, with turns of the
   * event loop in between, so that a large answer does not block others. An error from a piece cuts
   * the response off, so throw errors of the service earlier.
   */
  readonly body: string | Uint8Array | Iterable<string | Uint8Array>;
}

/** Values of a stream, as a streaming handler returns them. @publicApi */
export type Streamed<T> = Observable<T> | AsyncIterable<T>;

/**
 * How one side of an endpoint's contract is sent over HTTP. Extend it for your own formats.
 *
 * All requests of its endpoints share an instance, so it must not keep state of a request.
 *
 * @typeParam Input What handlers get when the descriptor is their input.
 * @typeParam Output What handlers may return when the descriptor is their output.
 *
 * @example
 * class Csv extends IoDescriptor<string[][]> { readonly mediaType = 'text/csv'; readonly schema = {
 * type: 'string' } as const; parse(body: RequestBody) { return new
 * TextDecoder().decode(body.bytes).trim().split('\n').map((line) => line.split(',')); }
 * serialize(rows: string[][]) { return { contentType: 'text/csv; charset=utf-8', body:
 * rows.map((row) => row.join(',')).join('\n') }; } }
 *
 * @publicApi
 */
export abstract class IoDescriptor<Input, Output = Input> {
  /** The media type of requests and responses, without parameters. */
  abstract readonly mediaType: string;
  /** The content of requests, and of responses unless `outputSchema` differs. */
  abstract readonly schema: IoSchema;
  /** The content of responses, if it differs from that of requests. */
  readonly outputSchema?: IoSchema;
  /** The example of the OpenAPI document. */
  readonly example?: unknown;
  /** Other media types of requests, with their schemas. `accepts` must allow them. */
  readonly alternatives?: Readonly<Record<string, IoSchema>>;
  /** Further media types of requests, unless the body is a form. */
  readonly bodyAlternatives?: Readonly<Record<string, IoSchema>>;
  /** The description of request bodies in the OpenAPI document. */
  readonly bodyDescription?: string;
  /** For a form: the media types of each part. */
  readonly encoding?: Readonly<Record<string, { readonly contentType: string }>>;
  /** Classes that the schemas refer to with `$ref`. */
  readonly models?: readonly (new () => object)[];
  /** The media type of responses, if it differs from that of requests. */
  readonly outputMediaType?: string;
  /** Other media types of responses, by the request's `Accept`, with their schemas. */
  readonly outputAlternatives?: Readonly<Record<string, IoSchema>>;
  /**
   * Whether an `Accept` header may ask for a type in which results cannot be sent: HTTP 406.
   * @default false
   */
  readonly refusesAccept?: boolean;
  /** The largest body in bytes, decompressed. Undefined for the module's `maxBodyBytes`. */
  readonly maxBytes?: number;

  /** Reads a handler's input. @throws InputError for a wrong body: HTTP 400. */
  abstract parse(body: RequestBody): Input | Promise<Input>;

  /**
   * Writes a handler's return value. An error here is a fault of the service (HTTP 500), except for
   * NotAcceptableError (406).
   *
   * @param accept The request's `Accept` header, for descriptors that have `outputAlternatives`.
   */
  abstract serialize(value: Output, accept?: string): ResponsePayload | Promise<ResponsePayload>;

  /**
   * A descriptor with this method streams server-sent events (`text/event-stream`). The handler
   * returns an Observable or an async iterable, and this method writes the data of one event for
   * each value. It replaces `serialize`. An error here is also a fault of the service.
   */
  serializeEvent?(value: unknown): string;

  /**
   * Whether the answer to a request with this `Accept` is a stream, for descriptors that can also
   * answer without one. @default true, with `serializeEvent`
   */
  streamsFor?(accept: string | undefined): boolean;

  /** Whether the body may have this media type. Default: the descriptor's own, or none. */
  accepts(mediaType: string | undefined): boolean {
    return mediaType === undefined || mediaType === this.mediaType;
  }
}
