import { PythonPattern } from '../../../python/regex/index.js';
import { lower, splitWhitespace } from '../../../python/str.js';
import type { TextRule } from '../../contract.js';
import type { ReadRule } from '../rules/read-rules.js';
import { BOS, EOS } from '../special-tokens.js';

/**
 * The rules that treat a word independently of its context, in fastai's order. `fix_html` looks
 * across white space, so it runs before the text is split into words. `replace_wrep` is omitted if
 * no word repeats. Some of the spaces that `rm_useless_spaces` removes are between words.
 */
const ORDER: readonly string[] = [
  'fix_html',
  'replace_rep',
  'replace_wrep',
  'spec_add_spaces',
  'rm_useless_spaces',
  'replace_all_caps',
  'replace_maj',
  'lowercase',
];

const WORD = new PythonPattern('\\w+');

/** A word after its rules. */
export interface RuledWord {
  readonly text: string;
  /** The parts that `replace_wrep` sees: the first, and the last if it has only letters. */
  readonly head: string;
  readonly lastWord: string | undefined;
  /** Whether it sees one part. */
  readonly lone: boolean;
  /** Whether two of its parts may be a repetition. */
  readonly repeats: boolean;
}

/** fastai's rules as changes of single words. */
export class WordRules {
  readonly #before: readonly TextRule[];
  readonly #repetition: TextRule | undefined;
  readonly #after: readonly TextRule[];
  /** Whether repeated words are replaced. */
  readonly findsRepeats: boolean;
  /** Whether several spaces become one. */
  readonly joinsSpaces: boolean;
  /** The markers around the text. */
  readonly begin: string | undefined;
  readonly end: string | undefined;

  private constructor(rules: ReadonlyMap<string, ReadRule>) {
    const named = (...names: string[]): TextRule[] =>
      names.flatMap((name) => rules.get(name)?.apply ?? []);
    const { bos = true, eos = false } = rules.get('lowercase')!;
    this.#before = named('fix_html');
    [this.#repetition] = named('replace_rep');
    this.#after = named('spec_add_spaces', 'rm_useless_spaces', 'replace_all_caps', 'replace_maj');
    this.findsRepeats = rules.has('replace_wrep');
    this.joinsSpaces = rules.has('rm_useless_spaces');
    this.begin = bos ? BOS : undefined;
    this.end = eos ? EOS : undefined;
  }

  /** Undefined unless the rules are fastai's own, in order, with `lowercase` last. */
  static of(rules: readonly ReadRule[]): WordRules | undefined {
    const places = rules.map(({ name }) => (name === undefined ? -1 : ORDER.indexOf(name)));
    const inOrder = places.every((place, i) => place > (places[i - 1] ?? -1));
    if (!inOrder || rules.at(-1)?.name !== 'lowercase') return undefined;
    return new WordRules(new Map(rules.map((rule) => [rule.name!, rule])));
  }

  /** The changes that need the whole text. */
  prepare(text: string): string {
    return this.#before.reduce((ruled, rule) => rule(ruled), text);
  }

  /** The other rules; `word` is not empty and contains no white space. */
  apply(word: string): RuledWord {
    const spread = this.#repetition?.(word) ?? word;
    const parts = spread === word ? [word] : splitWhitespace(spread);
    const text = this.#after.reduce((ruled, rule) => rule(ruled), spread);
    const last = parts.at(-1)!;
    return {
      text: lower(text),
      head: parts[0]!,
      lastWord: WORD.fullmatch(last) ? last : undefined,
      lone: parts.length === 1,
      repeats: parts.some((part, i) => part === parts[i - 1]),
    };
  }
}
