import { codePointLength } from '../str.js';

const PAIR = /[\ud800-\udbff][\udc00-\udfff]/;

/** Whether every code point of the text is one UTF-16 unit. */
const isSimple = (text: string): boolean => !PAIR.test(text);

/** The UTF-16 offset of the code point at `index`, which is within the text or at its end. */
export function offsetOf(text: string, index: number): number {
  if (isSimple(text)) return index;
  let offset = 0;
  for (let at = 0; at < index; at++) offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  return offset;
}

/** The code point that begins at a UTF-16 offset. */
export function indexOfOffset(text: string, offset: number): number {
  return codePointLength(text.slice(0, offset));
}

/** `start` and `end` of a search as UTF-16 offsets; undefined if `start` is past the end. */
export function span(
  text: string,
  start: number,
  end: number,
): { readonly from: number; readonly to: number } | undefined {
  const length = codePointLength(text);
  const first = start < 0 ? Math.max(0, start + length) : start;
  const last = end < 0 ? Math.max(0, end + length) : Math.min(end, length);
  if (first > last || first > length) return undefined;
  return { from: offsetOf(text, first), to: offsetOf(text, last) };
}
