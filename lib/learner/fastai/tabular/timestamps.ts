import { PyObject } from '../../torch/python.js';

/** Nanoseconds per unit, by pandas' number of the unit. */
const UNITS: ReadonlyMap<number, bigint> = new Map([
  [7, 1_000_000_000n],
  [8, 1_000_000n],
  [9, 1000n],
  [10, 1n],
]);

/**
 * Nanoseconds since 1970 of a pandas `Timestamp` without a time zone; undefined for other records.
 */
export function timestampOf(record: PyObject): bigint | undefined {
  if (!/\._?(unpickle_timestamp|Timestamp)$/.test(record.className)) return undefined;
  const [value, , zone, unit = 10] = record.args;
  const scale = UNITS.get(Number(unit));
  const count = typeof value === 'bigint' || typeof value === 'number' ? BigInt(value) : undefined;
  if (count === undefined || scale === undefined || (zone !== null && zone !== undefined)) {
    return undefined;
  }
  return count * scale;
}

const ISO =
  /^\s*(\d{4})-(\d\d)(?:-(\d\d))?(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*$/;

/** The same for a text in ISO 8601 without a time zone, or a Date; undefined for other values. */
export function instantOf(value: string | Date): bigint | undefined {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? undefined : BigInt(value.getTime()) * 1_000_000n;
  }
  const match = ISO.exec(value);
  if (!match) return undefined;
  const [, year, month, day = '01', hour = '00', minute = '00', second = '00', fraction = ''] =
    match;
  const seconds = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(seconds)) return undefined;
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** In the format of pandas' `isoformat()`. */
export function isoformat(nanoseconds: bigint): string {
  const remainder = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const whole = new Date(Number((nanoseconds - remainder) / 1_000_000n)).toISOString().slice(0, 19);
  if (remainder === 0n) return whole;
  const digits = String(remainder).padStart(9, '0');
  return `${whole}.${digits.endsWith('000') ? digits.slice(0, 6) : digits}`;
}
