import { formatOf, type ImageFormat } from '../../learner/fastai/vision/image/format.js';
import type { Colour } from '../../learner/fastai/vision/image/png-writer.js';
import { inspectImage } from '../../learner/fastai/vision/image/read-image.js';
import type { OutputImageType } from '../../learner/fastai/vision/image/write-image.js';
import { bytesOf } from './body-text.js';
import { binaryExample, binarySchema } from './binary-sample.js';
import { InvalidBodyError, InvalidDescriptorError, UnsupportedBodyError } from './errors.js';
import { MEDIA_TYPES, toEncodedImage, type ImageOutput } from './image/image-output.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import { readParts } from './multipart/read-parts.js';
import { FILE_MAX_BYTES, type RequestBody } from './request-body.js';

/** As many as PIL takes without a warning. */
const DEFAULT_MAX_PIXELS = 89_478_485;

/** Other names that clients use for the same formats. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['image/jpg', 'image/jpeg'],
  ['image/pjpeg', 'image/jpeg'],
  ['image/x-ms-bmp', 'image/bmp'],
  ['image/x-bmp', 'image/bmp'],
  ['image/x-png', 'image/png'],
  ['image/x-portable-bitmap', 'image/x-portable-anymap'],
  ['image/x-portable-graymap', 'image/x-portable-anymap'],
  ['image/x-portable-pixmap', 'image/x-portable-anymap'],
]);

const MULTIPART = 'multipart/form-data';
/** It does not tell the format, which is detected from the bytes. */
const UNSPECIFIC: ReadonlySet<string> = new Set(['application/octet-stream', 'image/*']);

/** @publicApi */
export interface ImageOptions {
  /** Media type of responses. @default 'image/png' */
  mimeType?: OutputImageType;
  /** Media types that requests may have. @default JPEG, PNG, WebP, GIF, BMP, TIFF and PPM */
  allowedMimeTypes?: readonly string[];
  /** The most pixels (width x height) that an image's header may declare. @default 89478485 */
  maxPixels?: number;
  /** Largest body in bytes. @default 20971520 (20 MiB) */
  maxBytes?: number;
  /** The colours of a mask's classes, by id. @default black, then easily distinguished colours */
  palette?: readonly Colour[];
}

/**
 * An encoded image over HTTP. Handlers get its bytes, from which an image learner predicts. The
 * bytes decide the format, not the content type. In `multipart/form-data`, the first part that is
 * an image is used.
 *
 * In: a media type that is not allowed is a 415. Bytes that are not an image, an image of another
 * format, and a header that declares too many pixels are a 400. The image is not decoded for these
 * checks. Out: one of four kinds. Pixels: a `RawImage`, or a uint8 tensor of shape
 * `[height, width]`, `[height, width, 3]` or `[height, width, 4]`. A mask of class ids: an int64,
 * int32 or uint8 tensor `[height, width]`, sent as a PNG whose palette indices are the ids. An
 * image that a learner predicts: an int64 tensor `[1, height, width]` or `[3, height, width]` of
 * 0 to 255. Or bytes that are already encoded.
 *
 * @example
 * \@VtsApi({ input: new Image({ allowedMimeTypes: ['image/jpeg'] }), output: NumpyNdarray }) async
 * classify(image: Uint8Array): Promise<Tensor> { const [, , probs] = await
 * this.runner.predict.run(image); return probs; }
 *
 * @publicApi
 */
export class Image extends IoDescriptor<Uint8Array, ImageOutput> {
  readonly mediaType: string;
  readonly schema: IoSchema;
  override readonly example: string | undefined;
  override readonly alternatives: Readonly<Record<string, IoSchema>>;
  override readonly bodyDescription =
    'An encoded image, or a form (multipart/form-data) whose first image part is used.';
  override readonly outputMediaType: string;
  override readonly outputSchema: IoSchema;
  override readonly maxBytes: number;
  readonly #allowed: ReadonlySet<string>;
  readonly #options: ImageOptions;

  constructor(options: ImageOptions = {}, sample?: Uint8Array) {
    super();
    this.#options = options;
    const what = sample === undefined ? undefined : MEDIA_TYPES[formatOfSample(sample)];
    this.schema = binarySchema(sample, `bytes of ${what}`);
    this.example = binaryExample(sample);
    const allowed = (options.allowedMimeTypes ?? Object.values(MEDIA_TYPES)).map(canonical);
    this.#allowed = new Set(allowed);
    this.mediaType = allowed[0] ?? 'image/jpeg';
    this.outputMediaType = options.mimeType ?? 'image/png';
    this.maxBytes = options.maxBytes ?? FILE_MAX_BYTES;
    const others = [...this.#allowed].slice(1);
    this.alternatives = Object.fromEntries(others.map((type) => [type, this.schema]));
    this.outputSchema = { type: 'string', format: 'binary' };
  }

  /**
   * A descriptor for images of this media type, unless the options allow others. The OpenAPI
   * document shows a small sample as the example, in base64.
   *
   * @throws InvalidDescriptorError if the bytes are not an image.
   */
  static fromSample(sample: Uint8Array, options: ImageOptions = {}): Image {
    const allowedMimeTypes = [MEDIA_TYPES[formatOfSample(sample)]];
    return new Image({ allowedMimeTypes, ...options }, sample);
  }

  override accepts(mediaType: string | undefined): boolean {
    if (mediaType === undefined || UNSPECIFIC.has(mediaType) || mediaType === MULTIPART)
      return true;
    return this.#allowed.has(canonical(mediaType));
  }

  async parse(body: RequestBody): Promise<Uint8Array> {
    const bytes = bytesOf(body, 'Image');
    const image = body.mediaType === MULTIPART ? await this.#firstImage(bytes, body) : bytes;
    if (image.length === 0) {
      throw new InvalidBodyError('Image', 'the body is empty', 'send the bytes of an image');
    }
    const { maxPixels = DEFAULT_MAX_PIXELS } = this.#options;
    const format = await inspectImage(image, { maxPixels });
    if (!this.#allowed.has(MEDIA_TYPES[format])) {
      const fact = `the image is ${MEDIA_TYPES[format]}`;
      throw new InvalidBodyError('Image', fact, `send ${this.#list}`);
    }
    return image;
  }

  async serialize(value: ImageOutput): Promise<ResponsePayload> {
    const { mimeType = 'image/png', palette } = this.#options;
    return { contentType: mimeType, body: await toEncodedImage(value, mimeType, palette) };
  }

  async #firstImage(bytes: Uint8Array, { contentType }: RequestBody): Promise<Uint8Array> {
    const parts = await readParts(bytes, contentType);
    const image = parts.find((part) => formatOf(part.bytes) !== undefined);
    if (image) return image.bytes;
    throw parts.length === 0
      ? new InvalidBodyError('Image', 'the form has no parts', 'send the image as a part')
      : new UnsupportedBodyError('media type', parts[0]?.mediaType ?? 'text/plain', this.#list);
  }

  get #list(): string {
    return [...this.#allowed].join(', ');
  }
}

function formatOfSample(sample: Uint8Array): ImageFormat {
  const format = formatOf(sample);
  if (format) return format;
  throw new InvalidDescriptorError(
    'Image.fromSample',
    'the sample is not an image',
    'give the bytes of a JPEG, PNG, WebP, GIF, BMP, TIFF or PPM file',
  );
}

function canonical(mediaType: string): string {
  return ALIASES.get(mediaType.toLowerCase()) ?? mediaType.toLowerCase();
}
