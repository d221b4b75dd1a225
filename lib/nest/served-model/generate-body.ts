import {
  DEFAULT_WORDS,
  LONGEST_STOP,
  MOST_WORDS,
  type Generation,
} from '../../serving/models/fastai/generation.js';
import { readJson } from '../io/body-text.js';
import { errorOf, InvalidBodyError } from '../io/errors.js';
import type { IoSchema } from '../io/io-descriptor.js';
import type { RequestBody } from '../io/request-body.js';
import { Text } from '../io/text.js';
import { InputBody } from './input-body.js';

const OPTIONS = ['nWords', 'temperature', 'minP', 'seed'] as const;
const KNOWN: readonly string[] = ['text', 'stop', ...OPTIONS];

/**
 * The beginning of a text, in JSON with options or as plain text. JSON comes first, because client
 * generators use the first content type, and send JSON if it is available.
 */
export class GenerateBody extends InputBody<Generation> {
  readonly #text = new Text();
  readonly mediaType = 'application/json';
  override readonly example = { text: 'I really liked', nWords: DEFAULT_WORDS };
  override readonly maxBytes = this.#text.maxBytes;
  override readonly alternatives: Readonly<Record<string, IoSchema>> = {
    [this.#text.mediaType]: this.#text.schema,
  };

  constructor(readonly schema: IoSchema) {
    super();
  }

  override accepts(mediaType: string | undefined): boolean {
    return super.accepts(mediaType) || this.#text.accepts(mediaType);
  }

  parse(body: RequestBody): Generation {
    if (body.mediaType === this.mediaType) return fromJson(body);
    const text = this.#text.parse(body);
    return { text, options: { nWords: DEFAULT_WORDS }, stop: undefined };
  }
}

function fromJson(body: RequestBody): Generation {
  let value: unknown;
  try {
    value = readJson(body);
  } catch (fault) {
    throw errorOf(fault, InvalidBodyError, 'Words');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused('the body is not a JSON object', 'send { "text": "..." }');
  }
  const given = value as Record<string, unknown>;
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) {
    throw refused(`"${unknown.slice(0, 100)}" is not an option`, `use ${KNOWN.join(', ')}`);
  }
  const { text, stop = '', nWords = DEFAULT_WORDS } = given;
  if (typeof text !== 'string') throw refused('"text" is not a string', 'send it as a string');
  if (typeof stop !== 'string' || stop.length > LONGEST_STOP) {
    throw refused('"stop" is not a string', `send a string of up to ${LONGEST_STOP} characters`);
  }
  if (typeof nWords === 'number' && nWords > MOST_WORDS) {
    throw refused(`"nWords" is ${nWords}`, `ask for up to ${MOST_WORDS} words`);
  }
  // The model checks the values of the others.
  const options = OPTIONS.flatMap((name) =>
    given[name] === undefined || given[name] === null ? [] : [[name, given[name]] as const],
  );
  return {
    text,
    options: { nWords: DEFAULT_WORDS, ...Object.fromEntries(options) },
    stop: stop === '' ? undefined : stop,
  };
}

function refused(fact: string, remedy: string): InvalidBodyError {
  return new InvalidBodyError('Words', fact, remedy);
}
