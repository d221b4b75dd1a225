import { randomUUID } from 'node:crypto';
import { MOST_LEVELS } from './nesting.js';

/** How JSON is read, beyond what `JSON.parse` does. */
export interface ParseJsonOptions {
  /** Integers that a double cannot hold become bigints, with all their digits. @default false */
  readonly wide?: boolean;
  /** Refuse numbers that overflow a double (1e999 is infinite in `JSON.parse`). @default true */
  readonly finite?: boolean;
}

const MAY_OVERFLOW = /\d{300}|[eE]\+?\d{3}/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const WIDE_INTEGER = /^-?\d{16,}$/;
/** No client knows it, so none can send a string that looks like a marked number. */
const MARK = randomUUID();

/** Strict JSON (RFC 8259): `JSON.parse`, with bounds. @throws SyntaxError */
export function parseJsonText(text: string, options: ParseJsonOptions = {}): unknown {
  const { wide = false, finite = true } = options;
  const given = text.startsWith('\uFEFF') ? text.slice(1) : text;
  checkDepth(given);
  const value: unknown =
    finite && MAY_OVERFLOW.test(given) ? JSON.parse(given, refuseInfinite) : JSON.parse(given);
  return wide && /\d{16}/.test(given) ? withWideIntegers(given, value) : value;
}

function refuseInfinite(_key: string, value: unknown): unknown {
  if (value !== Infinity && value !== -Infinity) return value;
  throw new SyntaxError('a number in it is too large for a double');
}

/** The text must be valid JSON before numbers are marked: marking must not make it valid. */
function withWideIntegers(text: string, value: unknown): unknown {
  let any = false;
  const marked = text.replace(TOKENS, (token) => {
    if (!WIDE_INTEGER.test(token) || Number.isSafeInteger(Number(token))) return token;
    any = true;
    return `"${MARK}${token}"`;
  });
  if (!any) return value;
  return JSON.parse(marked, (_key, item: unknown) =>
    typeof item === 'string' && item.startsWith(MARK) ? BigInt(item.slice(MARK.length)) : item,
  );
}

function checkDepth(text: string): void {
  if (text.length <= MOST_LEVELS) return;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === ARRAY || code === OBJECT) {
      if (++depth > MOST_LEVELS) {
        throw new SyntaxError(`it is nested more than ${MOST_LEVELS} levels deep`);
      }
    } else if (code === ARRAY_END || code === OBJECT_END) depth--;
  }
}

const [QUOTE, BACKSLASH, ARRAY, ARRAY_END, OBJECT, OBJECT_END] = Array.from('"\\[]{}', (char) =>
  char.charCodeAt(0),
) as [number, number, number, number, number, number];
