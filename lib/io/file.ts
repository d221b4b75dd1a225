import { InvalidBodyError } from './errors/index.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import type { RequestBody } from './request-body.js';

const DEFAULT_MAX_BYTES = 20 * 1024 * 1024;
const ANY = 'application/octet-stream';

/** @publicApi */
export interface FileOptions {
  /** The one media type of requests and responses. @default any in requests, 'application/octet-stream' in responses */
  mimeType?: string;
  /** Largest body in bytes. @default 20971520 (20 MiB) */
  maxBytes?: number;
}

/**
 * Bytes of any kind over HTTP: handlers get and return them as they are. With a `mimeType`, requests of another one
 * are a 415; requests without a content type are taken.
 *
 * @publicApi
 */
export class File extends IoDescriptor<Uint8Array> {
  readonly mediaType: string;
  readonly schema: IoSchema = { type: 'string', format: 'binary' };
  override readonly maxBytes: number;
  readonly #any: boolean;

  constructor(options: FileOptions = {}) {
    super();
    this.mediaType = options.mimeType?.toLowerCase() ?? ANY;
    this.#any = options.mimeType === undefined;
    this.maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  }

  override accepts(mediaType: string | undefined): boolean {
    return this.#any || super.accepts(mediaType);
  }

  parse({ bytes }: RequestBody): Uint8Array {
    if (bytes !== undefined) return bytes;
    throw new InvalidBodyError(
      'File',
      'a body parser of the application has read the body',
      'leave files to this endpoint',
    );
  }

  serialize(value: Uint8Array): ResponsePayload {
    return { contentType: this.mediaType, body: value };
  }
}
