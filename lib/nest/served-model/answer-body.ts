import { MediaTypes } from '../io/accept.js';
import type { IoSchema, ResponsePayload } from '../io/io-descriptor.js';
import { Json } from '../io/json.js';
import { nameOf, InvalidOutputError } from '../io/errors.js';
import { whenLoaded } from './when-loaded.js';

const EVENTS = 'text/event-stream';

/** The answer of a model's endpoint, in the forms that `Accept` may request. */
export class Answer {
  constructor(
    /** The value that is sent as JSON. */
    readonly json: unknown,
    /** The same in other forms, by their media types. */
    readonly others: Readonly<Record<string, () => ResponsePayload['body']>> = {},
  ) {}
}

/** Other forms of an answer: their schemas by media type. */
export interface AnswerForms {
  readonly schema: () => IoSchema;
  readonly others?: Readonly<Record<string, IoSchema>>;
}

/**
 * The answer of a model: JSON, or another form that `Accept` requests. Words of a language model
 * are server-sent events if it requests `text/event-stream`.
 */
export class AnswerBody extends Json {
  override readonly outputAlternatives: Readonly<Record<string, IoSchema>>;
  declare readonly schema: IoSchema;
  override readonly serializeEvent: ((value: unknown) => string) | undefined;
  readonly #types: MediaTypes;

  constructor({ schema, others = {} }: AnswerForms) {
    super();
    this.outputAlternatives = others;
    this.#types = new MediaTypes([this.mediaType, ...Object.keys(others)]);
    this.serializeEvent = EVENTS in others ? wordOf : undefined;
    // Types that depend on the model are known once it is loaded.
    const known = (): IoSchema => whenLoaded(schema) ?? {};
    Object.defineProperty(this, 'schema', { get: known, enumerable: true });
  }

  override streamsFor(accept: string | undefined): boolean {
    return this.#types.chosenBy(accept) === EVENTS;
  }

  override serialize(value: unknown, accept?: string): ResponsePayload {
    if (!(value instanceof Answer)) return super.serialize(value);
    const type = this.#types.chosenBy(accept);
    const other = value.others[type];
    if (other === undefined) return super.serialize(value.json);
    return {
      contentType: type.startsWith('text/') ? `${type}; charset=utf-8` : type,
      body: other(),
    };
  }
}

function wordOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new InvalidOutputError('Words', `it is ${nameOf(value)}`, 'return strings');
}
