import { asDict, asItems, asNumber, PyObject, type PyValue } from '../../torch/index.js';
import { UnreadableTokenizerError } from './errors/index.js';

/** What fastai's `defaultdict(int)` gives for a token that it does not know. */
const UNKNOWN = 0;
/** Fills the vocabulary up to a multiple of eight; never the id of a token. */
const FILLER = 'xxfake';

/** Tokens to ids: fastai's `Numericalize`. */
export class Numericalizer {
  constructor(
    /** The token of each id; fillers included. */
    readonly vocab: readonly string[],
    private readonly ids: ReadonlyMap<string, number>,
  ) {}

  /** The id of each token; 0 (`xxunk`) for tokens outside the vocabulary. */
  encode(tokens: readonly string[]): Int32Array {
    const encoded = new Int32Array(tokens.length);
    for (let i = 0; i < tokens.length; i++) {
      encoded[i] = this.ids.get(tokens[i] as string) ?? UNKNOWN;
    }
    return encoded;
  }
}

/**
 * Reads a `Numericalize` record.
 *
 * @throws UnreadableTokenizerError when it has no vocabulary
 */
export function readNumericalize(record: PyValue): Numericalizer {
  if (!(record instanceof PyObject)) {
    throw new UnreadableTokenizerError('numericalization', 'no object');
  }
  const vocab = asItems(record.attr('vocab'))?.map(String);
  if (!vocab) throw new UnreadableTokenizerError('vocabulary', 'missing');
  const ids = new Map<string, number>();
  const o2i = asDict(record.attr('o2i'));
  if (o2i) {
    for (const [token, id] of o2i) {
      const index = asNumber(id);
      if (typeof token === 'string' && index !== undefined) ids.set(token, index);
    }
  } else {
    vocab.forEach((token, id) => {
      if (token !== FILLER) ids.set(token, id);
    });
  }
  return new Numericalizer(vocab, ids);
}
