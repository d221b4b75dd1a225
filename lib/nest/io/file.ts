import { binaryExample, binarySchema } from './binary-sample.js';
import { bytesOf } from './body-text.js';
import { InvalidOutputError, nameOf } from './errors.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import { FILE_MAX_BYTES, type RequestBody } from './request-body.js';

const ANY = 'application/octet-stream';

/** @publicApi */
export interface FileOptions {
  /**
   * The only media type of requests and responses.
   *
   * @default any type in requests, 'application/octet-stream' in responses
   */
  mimeType?: string;
  /** Largest body in bytes. @default 20971520 (20 MiB) */
  maxBytes?: number;
}

/**
 * Bytes of any kind over HTTP. Handlers get and return them unchanged. With a `mimeType`, requests
 * of another type are a 415; requests without a content type are accepted.
 *
 * @publicApi
 */
export class File extends IoDescriptor<Uint8Array> {
  readonly mediaType: string;
  readonly schema: IoSchema;
  override readonly example: string | undefined;
  override readonly maxBytes: number;
  readonly #any: boolean;

  constructor(options: FileOptions = {}, sample?: Uint8Array) {
    super();
    this.schema = binarySchema(sample);
    this.example = binaryExample(sample);
    this.mediaType = options.mimeType?.toLowerCase() ?? ANY;
    this.#any = options.mimeType === undefined;
    this.maxBytes = options.maxBytes ?? FILE_MAX_BYTES;
  }

  /** The OpenAPI document shows these bytes as the example in base64, unless they are large. */
  static fromSample(sample: Uint8Array, options: FileOptions = {}): File {
    return new File(options, sample);
  }

  override accepts(mediaType: string | undefined): boolean {
    return this.#any || super.accepts(mediaType);
  }

  parse(body: RequestBody): Uint8Array {
    return bytesOf(body, 'File');
  }

  serialize(value: Uint8Array): ResponsePayload {
    if (!(value instanceof Uint8Array)) {
      const remedy = 'return bytes (a Buffer or a Uint8Array)';
      throw new InvalidOutputError('File', `it is ${nameOf(value)}`, remedy);
    }
    return { contentType: this.mediaType, body: value };
  }
}
