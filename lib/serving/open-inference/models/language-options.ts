import { listed, shortened } from '../../../learner/errors/index.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { Parameters, ParameterValue } from '../../../client/protocol/messages.js';
import {
  DEFAULT_WORDS,
  LONGEST_STOP,
  MOST_WORDS,
  type Generation,
} from '../../models/fastai/generation.js';

/** The options by their parameter names: those of Python, of JavaScript, and of other servers. */
const OPTIONS = new Map<
  string,
  'nWords' | 'temperature' | 'minP' | 'seed' | 'noUnk' | 'onlyLastWord' | 'stop'
>([
  ['n_words', 'nWords'],
  ['nWords', 'nWords'],
  ['max_tokens', 'nWords'],
  ['temperature', 'temperature'],
  ['min_p', 'minP'],
  ['minP', 'minP'],
  ['seed', 'seed'],
  ['no_unk', 'noUnk'],
  ['noUnk', 'noUnk'],
  ['only_last_word', 'onlyLastWord'],
  ['onlyLastWord', 'onlyLastWord'],
  ['stop', 'stop'],
]);

/** Parameters that the protocol and its clients set themselves. */
const OF_PROTOCOL =
  /^(binary_data_output|content_type|headers|priority|timeout|sequence_\w+|triton_\w+|stream|words)$/;

/**
 * Reads the options of a language model from a request's parameters.
 *
 * @throws InferenceMessageError for unknown parameters; the model checks the values.
 */
export function generationOf(text: string, parameters: Parameters = {}): Generation {
  const given = new Map<string, ParameterValue>();
  for (const [name, value] of Object.entries(parameters)) {
    if (OF_PROTOCOL.test(name)) continue;
    const option = OPTIONS.get(name);
    const shown = `The parameter "${shortened(name)}"`;
    if (option === undefined) {
      throw wrong(
        `${shown} is not an option of a language model`,
        `use ${listed([...OPTIONS.keys()], 12)}`,
      );
    }
    if (given.has(option))
      throw wrong(`${shown} is also given under another name`, 'send only one of them');
    given.set(option, typeof value === 'bigint' ? Number(value) : value);
  }
  const { stop = '', nWords = DEFAULT_WORDS, ...options } = Object.fromEntries(given);
  if (typeof stop !== 'string' || stop.length > LONGEST_STOP) {
    throw wrong('"stop" is not a string', `send a string of up to ${LONGEST_STOP} characters`);
  }
  if (typeof nWords === 'number' && nWords > MOST_WORDS) {
    throw wrong(`"n_words" is ${nWords}`, `ask for up to ${MOST_WORDS} words`);
  }
  return {
    text,
    options: { nWords: nWords as number, ...options },
    stop: stop === '' ? undefined : stop,
  };
}

function wrong(fact: string, remedy: string): InferenceMessageError {
  return new InferenceMessageError(fact, remedy);
}
