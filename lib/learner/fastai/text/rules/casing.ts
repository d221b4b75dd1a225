import { PythonPattern, type PythonMatch } from '../../../python/regex/index.js';
import { lower, strip } from '../../../python/str.js';
import { BOS, EOS, TK_MAJ, TK_UP } from '../special-tokens.js';

const ALL_CAPS = new PythonPattern('(\\s|^)([A-Z]+[^a-z\\s]*)(?=(\\s|$))');
const SENTENCE_CASE = new PythonPattern('(\\s|^)([A-Z][^A-Z\\s]*)(?=(\\s|$))');

/** The beginning of a word in both patterns. */
const CAPITAL = /[A-Z]/;

/** `replace_all_caps`: `WOW` becomes `xxup wow`. */
export function replaceAllCaps(text: string): string {
  if (!CAPITAL.test(text)) return text;
  return ALL_CAPS.sub((match) => lowered(match, TK_UP), text);
}

/** `replace_maj`: `Word` becomes `xxmaj word`. */
export function replaceMaj(text: string): string {
  if (!CAPITAL.test(text)) return text;
  return SENTENCE_CASE.sub((match) => lowered(match, TK_MAJ), text);
}

/** A marker is not added for a single letter. */
function lowered({ groups: [, before = '', word = ''] }: PythonMatch, marker: string): string {
  return `${before}${word.length > 1 ? `${marker} ` : ''}${lower(word)}`;
}

/** `lowercase`, between the markers of the beginning and the end. */
export function lowercase(text: string, addBos = true, addEos = false): string {
  return `${addBos ? `${BOS} ` : ''}${strip(lower(text))}${addEos ? ` ${EOS}` : ''}`;
}
