import { InvalidBodyError, InvalidOutputError, nameOf, UnsupportedBodyError } from './errors.js';
import {
  IoDescriptor,
  type IoSchema,
  type ResponsePayload,
  type Streamed,
} from './io-descriptor.js';
import type { RequestBody } from './request-body.js';

/** Charsets by their names in content-type headers, with the labels that `TextDecoder` knows. */
const CHARSETS = new Map([
  ['utf-8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['us-ascii', 'us-ascii'],
  ['ascii', 'us-ascii'],
  ['iso-8859-1', 'iso-8859-1'],
  ['latin1', 'iso-8859-1'],
  ['utf-16', 'utf-16'],
  ['utf-16le', 'utf-16le'],
  ['utf-16be', 'utf-16be'],
]);

const EVENTS =
  'Server-sent events: an unnamed event for each word, with the word as its data; then `end`, or `error` ' +
  'with the JSON of an error response as its data.';

const DEFAULT_MAX_BYTES = 1024 * 1024;

/** @publicApi */
export interface TextOptions<Stream extends boolean = false> {
  /**
   * As output: sends each string as soon as it arrives, as `text/event-stream`. The handler returns
   * an Observable or an async iterable of strings.
   *
   * @default false
   */
  stream?: Stream;
  /** Largest body in bytes. @default 1048576 (1 MiB) */
  maxBytes?: number;
  /** The example of the OpenAPI document. */
  sample?: string;
}

/**
 * Text as `text/plain`, in and out. It reads the body itself, so it does not need a body parser,
 * and works with one (`express.text()`).
 *
 * In: the content type gives the charset: UTF-8 by default, US-ASCII, ISO-8859-1 or UTF-16; others
 * are a 415. Bytes that are invalid in the charset are a 400. A missing content type counts as
 * `text/plain`; another one is a 415. An empty body is the empty string. A leading byte order mark
 * is dropped. Out: UTF-8.
 *
 * With `stream: true`, out is `text/event-stream`. Each string from the handler's Observable or
 * async iterable is the data of an event. Then comes an event `end` without data, or an event
 * `error` with the JSON of an error response as its data. A failure before the first string is an
 * error response. If the client disconnects, the work stops.
 *
 * @example
 * \@VtsApi({ input: Text, output: new Text({ stream: true }) }) words(text: string):
 * Observable<string> { return this.runner.predictStream(text, { nWords: 20 }); }
 *
 * @publicApi
 */
export class Text<Stream extends boolean = false> extends IoDescriptor<
  string,
  Stream extends true ? Streamed<string> : string
> {
  readonly mediaType = 'text/plain';
  readonly schema = { type: 'string' } as const;
  override readonly outputMediaType: string | undefined;
  override readonly outputSchema: IoSchema | undefined;
  override readonly serializeEvent: ((value: unknown) => string) | undefined;
  override readonly example: string | undefined;
  override readonly maxBytes: number;

  constructor(options: TextOptions<Stream> = {}) {
    super();
    this.example = options.sample;
    const stream = options.stream === true;
    this.outputMediaType = stream ? 'text/event-stream' : undefined;
    this.outputSchema = stream ? { type: 'string', description: EVENTS } : undefined;
    this.serializeEvent = stream ? textOf : undefined;
    this.maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  }

  /** A descriptor whose example in the OpenAPI document is this text. */
  static fromSample<Stream extends boolean = false>(
    sample: string,
    options: TextOptions<Stream> = {},
  ): Text<Stream> {
    return new Text<Stream>({ ...options, sample });
  }

  parse({ bytes, parsed, charset = 'utf-8' }: RequestBody): string {
    const label = CHARSETS.get(charset);
    if (label === undefined) throw new UnsupportedBodyError('charset', charset, 'UTF-8');
    if (bytes === undefined) {
      if (typeof parsed === 'string') return parsed;
      throw new InvalidBodyError('Text', 'the body is not text', 'send text/plain');
    }
    try {
      return decode(bytes, label);
    } catch {
      throw new InvalidBodyError(
        'Text',
        `the body is not valid ${charset.toUpperCase()}`,
        'send valid text, or name its charset in the content-type header',
      );
    }
  }

  serialize(value: Stream extends true ? Streamed<string> : string): ResponsePayload {
    return { contentType: 'text/plain; charset=utf-8', body: textOf(value) };
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new InvalidOutputError('Text', `it is ${nameOf(value)}`, 'return a string');
}

function decode(bytes: Uint8Array, label: string): string {
  // WHATWG's labels map both to windows-1252, which has other characters for 80 to 9F; HTTP means
  // the real charsets.
  if (label === 'iso-8859-1' || label === 'us-ascii') {
    const limit = label === 'us-ascii' ? 0x7f : 0xff;
    if (bytes.some((byte) => byte > limit)) throw new RangeError();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  }
  // If the name has no byte order, the byte order mark decides, and without one it is big endian
  // (RFC 2781).
  if (label === 'utf-16') {
    const little = bytes[0] === 0xff && bytes[1] === 0xfe;
    return new TextDecoder(little ? 'utf-16le' : 'utf-16be', { fatal: true }).decode(bytes);
  }
  return new TextDecoder(label, { fatal: true }).decode(bytes);
}
