import { UNK } from '../special-tokens.js';
import { unescapeHtml } from './html-entities.js';

/** Replaced one after the other, in fastai's order: an earlier one may make a later one match. */
const REPLACEMENTS: readonly (readonly [string, string])[] = [
  ['#39;', "'"],
  ['amp;', '&'],
  ['#146;', "'"],
  ['nbsp;', ' '],
  ['#36;', '$'],
  ['\\n', '\n'],
  ['quot;', "'"],
  ['<br />', '\n'],
  ['\\"', '"'],
  ['<unk>', UNK],
  [' @.@ ', '.'],
  [' @-@ ', '-'],
  ['...', ' …'],
];

/** `fix_html`: mends what markup left in a text. */
export function fixHtml(text: string): string {
  let fixed = text;
  for (const [found, replacement] of REPLACEMENTS) {
    if (fixed.includes(found)) fixed = fixed.replaceAll(found, () => replacement);
  }
  return unescapeHtml(fixed);
}
