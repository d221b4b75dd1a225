import { randomUUID } from 'node:crypto';
import { bytesOf } from './body-text.js';
import {
  InvalidBodyError,
  InvalidDescriptorError,
  InvalidOutputError,
  nameOf,
  UnsupportedBodyError,
} from './errors.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import { partOfSample, type MultipartSamples, type PartsOfSamples } from './multipart/samples.js';
import { readParts, type FormPart } from './multipart/read-parts.js';
import { FILE_MAX_BYTES, type RequestBody } from './request-body.js';

type AnyDescriptor = IoDescriptor<unknown, never>;
type DescriptorOrClass = AnyDescriptor | (new () => AnyDescriptor);

/** A part that a form may leave out. @publicApi */
export class OptionalPart<Descriptor extends DescriptorOrClass = DescriptorOrClass> {
  constructor(readonly descriptor: Descriptor) {}
}

/**
 * The parts of a form: a descriptor for each name, in `Multipart.optional()` if the part may be
 * missing.
 *
 * @publicApi
 */
export type MultipartParts = Readonly<Record<string, DescriptorOrClass | OptionalPart>>;

type InputOf<Part> =
  Part extends IoDescriptor<infer Input, never>
    ? Input
    : Part extends new () => IoDescriptor<infer Input, never>
      ? Input
      : Part extends OptionalPart<infer Descriptor>
        ? InputOf<Descriptor>
        : never;

type OptionalNames<Parts> = {
  [Name in keyof Parts]: Parts[Name] extends OptionalPart ? Name : never;
}[keyof Parts];

/**
 * The value that handlers get: the value of each part, undefined for a missing optional part.
 *
 * @publicApi
 */
export type MultipartInput<Parts extends MultipartParts> = {
  [Name in Exclude<keyof Parts, OptionalNames<Parts>>]: InputOf<Parts[Name]>;
} & { [Name in OptionalNames<Parts>]?: InputOf<Parts[Name]> };

/** @publicApi */
export interface MultipartOptions {
  /** Largest body in bytes, all parts together. @default 20971520 (20 MiB) */
  maxBytes?: number;
}

interface DeclaredPart {
  readonly name: string;
  readonly descriptor: AnyDescriptor;
  readonly optional: boolean;
}

/**
 * A form (`multipart/form-data`) with a descriptor for each part, by name. Other parts are ignored.
 *
 * In: a missing part, a repeated part, and a part larger than its descriptor allows are a 400. A
 * part of a media type that its descriptor does not accept is a 415. Out: a form with the same
 * parts.
 *
 * @example
 * \@VtsApi({ input: new Multipart({ image: Image, note: Multipart.optional(Text) }), output:
 * NumpyNdarray }) async classify({ image, note }: { image: Uint8Array; note?: string }):
 * Promise<Tensor> { ... }
 *
 * @publicApi
 */
export class Multipart<Parts extends MultipartParts> extends IoDescriptor<
  MultipartInput<Parts>,
  Readonly<Record<string, unknown>>
> {
  readonly mediaType = 'multipart/form-data';
  override readonly maxBytes: number;
  override readonly encoding: Readonly<Record<string, { readonly contentType: string }>>;
  override readonly models: readonly (new () => object)[];
  override readonly outputSchema: IoSchema;
  declare readonly example: unknown;
  readonly #parts: readonly DeclaredPart[];

  /** @throws InvalidDescriptorError for a form without parts, or a form within a form. */
  constructor(parts: Parts, options: MultipartOptions = {}) {
    super();
    this.#parts = Object.entries(parts).map(([name, part]) => declared(name, part));
    if (this.#parts.length === 0) {
      throw misdeclared('it has no parts', 'name a descriptor for each');
    }
    const form = this.#parts.find(({ descriptor }) => descriptor instanceof Multipart);
    if (form) {
      const fact = `the part "${form.name}" is a form itself`;
      throw misdeclared(fact, 'put its parts next to the others');
    }
    this.maxBytes = options.maxBytes ?? FILE_MAX_BYTES;
    this.encoding = Object.fromEntries(
      this.#parts.map(({ name, descriptor: { mediaType, alternatives = {} } }) => {
        return [name, { contentType: [mediaType, ...Object.keys(alternatives)].join(', ') }];
      }),
    );
    this.models = this.#parts.flatMap(({ descriptor }) => descriptor.models ?? []);
    this.outputSchema = formSchema(this.#parts);
    // Known only when the schemas of its parts are.
    Object.defineProperty(this, 'example', { get: () => this.#example(), enumerable: true });
  }

  /**
   * A form with the parts of this object, each with its example in the OpenAPI document. A string
   * becomes a Text; bytes an Image or a File; a tensor, a typed array or nested arrays of numbers a
   * NumpyNdarray; anything else a Json. Give a descriptor instead of a sample to choose another.
   *
   * @example
   * Multipart.fromSample({ picture: await readFile('cat.jpg'), note: 'a cat', rows: PandasDataFrame.fromSample(rows) })
   */
  static fromSample<Samples extends MultipartSamples>(
    samples: Samples,
    options: MultipartOptions = {},
  ): Multipart<PartsOfSamples<Samples>> {
    const parts = Object.entries(samples).map(([name, sample]) => [name, partOfSample(sample)]);
    return new Multipart(Object.fromEntries(parts) as PartsOfSamples<Samples>, options);
  }

  /** A part that requests may leave out. */
  static optional<Descriptor extends DescriptorOrClass>(
    descriptor: Descriptor,
  ): OptionalPart<Descriptor> {
    return new OptionalPart(descriptor);
  }

  get schema(): IoSchema {
    const parts = this.#parts.map(({ name, descriptor }) => [name, descriptor.schema]);
    return {
      type: 'object',
      properties: Object.fromEntries(parts) as Record<string, IoSchema>,
      required: this.#parts.filter(({ optional }) => !optional).map(({ name }) => name),
    };
  }

  #example(): Readonly<Record<string, unknown>> | undefined {
    const examples = this.#parts.flatMap(({ name, descriptor: { example } }) =>
      example === undefined ? [] : [[name, example] as const],
    );
    return examples.length > 0 ? Object.fromEntries(examples) : undefined;
  }

  override accepts(mediaType: string | undefined): boolean {
    return mediaType === this.mediaType;
  }

  async parse(body: RequestBody): Promise<MultipartInput<Parts>> {
    const given = byName(await readParts(bytesOf(body, 'Multipart'), body.contentType));
    const values = new Map<string, unknown>();
    for (const { name, descriptor, optional } of this.#parts) {
      const part = given.get(name);
      if (part) values.set(name, await readPart(name, part, descriptor));
      else if (!optional)
        throw invalid(`the part "${name}" is missing`, 'send a part of that name');
    }
    return Object.fromEntries(values) as MultipartInput<Parts>;
  }

  async serialize(value: Readonly<Record<string, unknown>>): Promise<ResponsePayload> {
    if (typeof value !== 'object' || value === null) {
      const remedy = 'return an object with the parts';
      throw new InvalidOutputError('Multipart', `it is ${nameOf(value)}`, remedy);
    }
    const boundary = `vts-${randomUUID()}`;
    const chunks: ResponsePayload['body'][] = [];
    for (const { name, descriptor, optional } of this.#parts) {
      const content: unknown = Object.hasOwn(value, name) ? value[name] : undefined;
      if (content === undefined && optional) continue;
      if (content === undefined) {
        const fact = `the part "${name}" is missing`;
        throw new InvalidOutputError('Multipart', fact, 'return all parts');
      }
      const { contentType, body } = await descriptor.serialize(content as never);
      chunks.push(
        `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(name)}"\r\n` +
          `content-type: ${contentType}\r\n\r\n`,
        body,
        '\r\n',
      );
    }
    chunks.push(`--${boundary}--\r\n`);
    return { contentType: `${this.mediaType}; boundary=${boundary}`, body: joined(chunks) };
  }
}

/** Joins several bodies, in pieces if one of them is in pieces. */
function joined(bodies: readonly ResponsePayload['body'][]): ResponsePayload['body'] {
  const whole = bodies.flatMap((body) =>
    typeof body === 'string' ? [Buffer.from(body)] : body instanceof Uint8Array ? [body] : [],
  );
  return whole.length === bodies.length ? Buffer.concat(whole) : inTurn(bodies);
}

function* inTurn(bodies: readonly ResponsePayload['body'][]): Generator<string | Uint8Array> {
  for (const body of bodies) {
    if (typeof body === 'string' || body instanceof Uint8Array) yield body;
    else yield* body;
  }
}

function declared(name: string, part: DescriptorOrClass | OptionalPart): DeclaredPart {
  const optional = part instanceof OptionalPart;
  const given = optional ? part.descriptor : part;
  return { name, descriptor: typeof given === 'function' ? new given() : given, optional };
}

/**
 * A form in a response. Client generators see bytes, because they create form types only for
 * requests.
 */
function formSchema(parts: readonly DeclaredPart[]): IoSchema {
  const named = parts.map(({ name, descriptor: { mediaType, outputMediaType = mediaType } }) => {
    return `\`${name}\` (${outputMediaType})`;
  });
  const description = `A form with the parts ${named.join(', ')}.`;
  return { type: 'string', format: 'binary', description };
}

function byName(parts: readonly FormPart[]): Map<string, FormPart> {
  const named = new Map<string, FormPart>();
  for (const part of parts) {
    if (part.name === undefined) continue;
    if (named.has(part.name)) {
      throw invalid(`the part "${part.name}" appears twice`, 'send each part once');
    }
    named.set(part.name, part);
  }
  return named;
}

async function readPart(name: string, part: FormPart, descriptor: AnyDescriptor): Promise<unknown> {
  const { bytes, mediaType } = part;
  if (!descriptor.accepts(mediaType)) {
    const taken = `${descriptor.mediaType} as "${name}"`;
    throw new UnsupportedBodyError('media type', mediaType ?? '', taken);
  }
  if (descriptor.maxBytes !== undefined && bytes.length > descriptor.maxBytes) {
    const fact = `the part "${name}" has ${bytes.length} bytes, but at most ${descriptor.maxBytes} are allowed`;
    throw invalid(fact, 'send less');
  }
  return descriptor.parse(part);
}

function quoted(name: string): string {
  return name.replace(/["\r\n]/g, encodeURIComponent);
}

function misdeclared(fact: string, remedy: string): InvalidDescriptorError {
  return new InvalidDescriptorError('Multipart', fact, remedy);
}

function invalid(fact: string, remedy: string): InvalidBodyError {
  return new InvalidBodyError('Multipart', fact, remedy);
}
