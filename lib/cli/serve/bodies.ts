import { InvalidBodyError } from '../../io/errors/index.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from '../../io/io-descriptor.js';
import type { RequestBody } from '../../io/request-body.js';
import type { TabularColumn, TabularSchema } from '../../fastai/tabular/tabular-schema.js';
import { toJson } from '../output/print.js';
import type { Scored } from '../predict/scored.js';

function onlyOut(): never {
  throw new TypeError('This descriptor is for one direction only.');
}

/** A row as a JSON object, with the learner's columns in the document. @internal */
export class RowBody extends IoDescriptor<Record<string, unknown>, never> {
  readonly mediaType = 'application/json';
  readonly schema: IoSchema;
  override readonly example: unknown;

  constructor(schema: TabularSchema) {
    super();
    this.schema = {
      type: 'object',
      properties: Object.fromEntries(schema.columns.map((each) => [each.name, columnSchema(each)])),
      required: schema.columns.map(({ name }) => name),
    };
    this.example = Object.fromEntries(schema.columns.map(({ name, example }) => [name, example]));
  }

  parse({ bytes, parsed }: RequestBody): Record<string, unknown> {
    let value = parsed;
    if (bytes !== undefined) {
      try {
        value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
      } catch (error) {
        const reason = (error as Error).message;
        throw new InvalidBodyError('Row', `the body is no JSON (${reason})`, 'send a JSON object');
      }
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new InvalidBodyError('Row', 'the body is no JSON object', 'send one row as an object');
    }
    return value as Record<string, unknown>;
  }

  serialize(): ResponsePayload {
    return onlyOut();
  }
}

function columnSchema({ kind, categories, nullable }: TabularColumn): IoSchema {
  const [first] = categories ?? [];
  const type =
    kind === 'number' || typeof first === 'number'
      ? 'number'
      : typeof first === 'boolean'
        ? 'boolean'
        : 'string';
  const known = categories?.slice(0, 50).map(String).join(', ');
  return {
    type,
    ...(nullable ? { nullable } : {}),
    ...(known ? { description: `One of: ${known}` } : {}),
  };
}

/** The bytes of an encoded image. @internal */
export class ImageBody extends IoDescriptor<Uint8Array, never> {
  readonly mediaType = 'image/*';
  readonly schema: IoSchema = { type: 'string', format: 'binary' };

  override accepts(mediaType: string | undefined): boolean {
    if (mediaType === undefined || mediaType === 'application/octet-stream') return true;
    return mediaType.startsWith('image/');
  }

  parse({ bytes }: RequestBody): Uint8Array {
    if (bytes === undefined || bytes.length === 0) {
      throw new InvalidBodyError('Image', 'the body is empty', 'send the bytes of an image');
    }
    return bytes;
  }

  serialize(): ResponsePayload {
    return onlyOut();
  }
}

/** A prediction as JSON. @internal */
export class ScoredBody extends IoDescriptor<never, Scored> {
  readonly mediaType = 'application/json';
  readonly schema: IoSchema = {
    type: 'object',
    properties: {
      prediction: { description: 'The class, the classes, the number or the text.' },
      decoded: { type: 'object', description: 'For rows: the row as the learner shows it.' },
      target: { description: "fastai's second element: an index, flags or values." },
      probabilities: { description: 'What the model says, after the activation of its loss.' },
      classes: { type: 'array', items: { type: 'string' }, description: 'Their names.' },
    },
    required: ['prediction'],
  };

  parse(): never {
    return onlyOut();
  }

  serialize(value: Scored): ResponsePayload {
    return { contentType: 'application/json; charset=utf-8', body: toJson(value, 0) };
  }
}
