import type { LearnerInput } from '../../learner/fastai/contract.js';
import { sentItem } from '../../learner/fastai/entry/sent-item.js';
import { listed } from '../../learner/errors/index.js';
import { InvalidBodyError } from '../io/errors.js';
import { Image } from '../io/image.js';
import type { IoDescriptor, IoSchema } from '../io/io-descriptor.js';
import { Json } from '../io/json.js';
import { Multipart } from '../io/multipart.js';
import { FILE_MAX_BYTES, type RequestBody } from '../io/request-body.js';
import { Text } from '../io/text.js';
import { InputBody } from './input-body.js';

const JSON_TYPE = 'application/json';
const NUMBER: IoSchema = { type: 'number' };

/**
 * An item of several inputs: a form with a part for each, by the names of the learner's
 * description. If no input is an image, also a JSON object, which may be a row that the learner's
 * getters read.
 */
export class MixedBody extends InputBody<unknown> {
  readonly mediaType: string;
  readonly schema: IoSchema;
  override readonly example: unknown = undefined;
  override readonly maxBytes = FILE_MAX_BYTES;
  override readonly alternatives: Readonly<Record<string, IoSchema>>;
  override readonly encoding: IoDescriptor<unknown>['encoding'] = undefined;
  override readonly bodyDescription: string;
  readonly #form: Multipart<Record<string, IoDescriptor<unknown, never>>>;
  readonly #json: Json | undefined;

  constructor(inputs: readonly LearnerInput[]) {
    super();
    const parts = inputs.map((input) => [input.name, partOf(input)] as const);
    this.#form = new Multipart(Object.fromEntries(parts));
    const { schema, mediaType: form } = this.#form;
    this.bodyDescription = `The inputs of the learner: ${listed(inputs.map(({ name }) => name))}.`;
    // JSON cannot contain bytes.
    if (inputs.some(({ kind }) => kind === 'vision')) {
      this.mediaType = form;
      this.schema = schema;
      this.encoding = this.#form.encoding;
      this.alternatives = {};
      return;
    }
    const properties = Object.fromEntries(inputs.map((input) => [input.name, schemaOf(input)]));
    this.#json = new Json();
    this.mediaType = JSON_TYPE;
    this.schema = { title: 'Inputs', type: 'object', properties };
    this.example = Object.fromEntries(inputs.map((input) => [input.name, exampleOf(input)]));
    this.alternatives = { [form]: schema };
  }

  override accepts(mediaType: string | undefined): boolean {
    return this.#form.accepts(mediaType) || (this.#json?.accepts(mediaType) ?? false);
  }

  async parse(body: RequestBody): Promise<unknown> {
    if (this.#form.accepts(body.mediaType)) return sentItem(await this.#form.parse(body));
    const item: unknown = await this.#json?.parse(body);
    if (typeof item === 'object' && item !== null) return sentItem(item);
    throw new InvalidBodyError(
      'Inputs',
      'the body is neither a JSON object nor an array',
      'send an object with the names of the inputs',
    );
  }
}

function partOf(input: LearnerInput): IoDescriptor<unknown, never> {
  switch (input.kind) {
    case 'vision':
      return new Image();
    case 'text':
      return new Text({ sample: exampleOf(input) as string });
    case 'tabular':
      return new Text();
    default:
      return new Json({ schema: schemaOf(input) }) as IoDescriptor<unknown, never>;
  }
}

function schemaOf({ kind, shape, columns }: LearnerInput): IoSchema {
  if (kind === 'text') return { type: 'string' };
  const [column] = columns?.columns ?? [];
  if (column) {
    const known = column.categories ?? [];
    return known.length <= 100 ? { type: 'string', enum: [...known] } : { type: 'string' };
  }
  const [length] = shape ?? [];
  if (typeof length !== 'number') {
    return {
      oneOf: [{ type: 'array', items: NUMBER }, NUMBER, { type: 'object' }],
      description: 'Numbers, or the row that they are made from.',
    };
  }
  return { type: 'array', items: NUMBER, minItems: length, maxItems: length };
}

function exampleOf({ kind, shape, columns }: LearnerInput): unknown {
  if (kind === 'text') return 'I really liked that movie!';
  const [column] = columns?.columns ?? [];
  if (column) return column.example;
  return Array.from({ length: shape?.[0] ?? 1 }, () => 0);
}
