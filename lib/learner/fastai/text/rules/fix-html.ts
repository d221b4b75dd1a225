import { UNK } from '../special-tokens.js';
import { unescapeHtml } from '../../../python/modules/html-entities.js';

/**
 * Replacements in fastai's order: an earlier one may make a later one match. Each is listed with a
 * character that it contains and that no replacement makes, so a text without that character skips
 * it. In replaceAll, `$$` means one `$`.
 */
const REPLACEMENTS: readonly (readonly [sign: string, found: string, replacement: string])[] = [
  [';', '#39;', "'"],
  [';', 'amp;', '&'],
  [';', '#146;', "'"],
  [';', 'nbsp;', ' '],
  [';', '#36;', '$$'],
  ['\\', '\\n', '\n'],
  [';', 'quot;', "'"],
  ['<', '<br />', '\n'],
  ['\\', '\\"', '"'],
  ['<', '<unk>', UNK],
  ['@', ' @.@ ', '.'],
  ['@', ' @-@ ', '-'],
];

const SIGNS = [...new Set(REPLACEMENTS.map(([sign]) => sign))];

const ELLIPSIS = '...';

/** `fix_html`: removes the remains of markup from a text. */
export function fixHtml(text: string): string {
  let fixed = text;
  if (SIGNS.some((sign) => text.includes(sign))) {
    for (const [sign, found, replacement] of REPLACEMENTS) {
      if (text.includes(sign)) fixed = fixed.replaceAll(found, replacement);
    }
  }
  if (fixed.includes(ELLIPSIS)) fixed = fixed.replaceAll(ELLIPSIS, ' …');
  return unescapeHtml(fixed);
}
