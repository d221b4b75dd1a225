import { randomInt } from 'node:crypto';

/** The 32 characters of BentoML's versions, in the order in which they sort. */
const DIGITS = '234567abcdefghijklmnopqrstuvwxyz';
const TIME_LENGTH = 11;
const RANDOM_LENGTH = 5;
/** Makes every version begin with a letter, because YAML readers treat digits alone as a number. */
const LETTER_FIRST = 1n << 54n;

/**
 * A new version: 16 characters of BentoML's alphabet that sort by time (BentoML's own versions do
 * not). 11 of them are the microsecond. 5 are random, so that two processes in the same microsecond
 * get different versions.
 */
export function newVersion(micros: number): string {
  const random = BigInt(randomInt(2 ** (5 * RANDOM_LENGTH)));
  return encode(BigInt(micros) | LETTER_FIRST, TIME_LENGTH) + encode(random, RANDOM_LENGTH);
}

function encode(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest >>= 5n) {
    text = DIGITS.charAt(Number(rest & 31n)) + text;
  }
  return text;
}

let last = 0;

/** Microseconds since 1970. Each call in a process returns more than the one before. */
export function nowMicros(): number {
  // The clock of Date counts milliseconds. The microseconds from hrtime are not in step with it,
  // but they distinguish processes.
  const fraction = Number((process.hrtime.bigint() / 1000n) % 1000n);
  last = Math.max(Date.now() * 1000 + fraction, last + 1);
  return last;
}

/**
 * A UTC time in the form of Python's `datetime.isoformat()`: `2026-11-23T02:10:22.137469+00:00`.
 */
export function formatMicros(micros: number): string {
  const fraction = micros - Math.floor(micros / 1e6) * 1e6;
  const seconds = new Date(Math.floor(micros / 1e6) * 1000).toISOString().slice(0, 19);
  // Python leaves the fraction out when it is zero.
  return `${seconds}${fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}`}+00:00`;
}

const ISO =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?\s*(Z|z|[+-]\d{2}:?(?:\d{2})?)?$/;

/** Reads an ISO-8601 time; UTC if it does not name a zone. Undefined if it is not valid. */
export function parseMicros(text: string): number | undefined {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [, date, time, fraction = '', zone = 'Z'] = match;
  const millis = Date.parse(`${date}T${time}${isoZone(zone)}`);
  return Number.isNaN(millis)
    ? undefined
    : millis * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** Converts `+02` and `+0200` to `+02:00`. */
function isoZone(zone: string): string {
  if (/^z$/i.test(zone)) return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone.charAt(0)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}
