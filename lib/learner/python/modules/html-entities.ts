import { characterEntities } from 'character-entities';
import { characterEntitiesLegacy } from 'character-entities-legacy';

/** HTML's named references, with their semicolon; old ones also without. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ...Object.entries(characterEntities).map(([name, text]): [string, string] => [`${name};`, text]),
  ...characterEntitiesLegacy.map((name): [string, string] => [name, characterEntities[name] ?? '']),
]);

const REFERENCE = /&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)/gu;

/** U+0080 to U+009F as in Windows-1252; the gaps stay control characters. */
const WINDOWS_1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/** `html.unescape`: Python's reading of character references, terminated or not. */
export function unescapeHtml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (_, reference: string) =>
    reference.startsWith('#') ? numericReference(reference) : namedReference(reference),
  );
}

function numericReference(reference: string): string {
  const hex = /^#[xX]/.test(reference);
  const code = Number.parseInt(reference.slice(hex ? 2 : 1), hex ? 16 : 10);
  if (code === 0) return '\ufffd';
  if (code === 0x0d) return '\r';
  if (code >= 0x80 && code <= 0x9f) return WINDOWS_1252.charAt(code - 0x80);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd';
  return isInvalid(code) ? '' : String.fromCodePoint(code);
}

/** Control characters and noncharacters, which Python drops. */
function isInvalid(code: number): boolean {
  if (code < 0x20) return !(code === 0x09 || code === 0x0a || code === 0x0c);
  return code === 0x7f || (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
}

/** The whole name, or the longest known name at its beginning. */
function namedReference(reference: string): string {
  for (let end = reference.length; end > 1; end--) {
    const text = NAMED.get(reference.slice(0, end));
    if (text !== undefined) return text + reference.slice(end);
  }
  return `&${reference}`;
}
