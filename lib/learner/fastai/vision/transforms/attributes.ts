import { asItems, asNumber, PyObject, type PyValue } from '../../../torch/index.js';
import { UnsupportedLearnerError } from '../../errors.js';
import { RESAMPLES, type Resample } from '../image/filters.js';
import type { PadMode } from '../image/frame.js';

/** An image transform with unexpected attributes. */
export function malformedTransform(record: PyObject, reason: string): UnsupportedLearnerError {
  return new UnsupportedLearnerError(
    `The learner's transform "${record.className}" cannot be read (${reason})`,
    'export the learner again with fastai 2',
  );
}

/** A number that files of other versions may lack. */
export function numberOf(record: PyObject, name: string, absent?: number): number {
  const value = asNumber(record.attr(name));
  if (value !== undefined) return value;
  if (absent !== undefined) return absent;
  throw malformedTransform(record, `its ${name} is not a number`);
}

/** A pair of numbers: a tuple, a fastuple, or one number twice. */
export function pairOf(record: PyObject, name: string, absent?: readonly [number, number]) {
  const value = record.attr(name);
  if (value === undefined && absent) return absent;
  const pair = toPair(value);
  if (!pair) throw malformedTransform(record, `its ${name} is not a pair of numbers`);
  return pair;
}

export function toPair(value: PyValue | undefined): readonly [number, number] | undefined {
  const one = asNumber(value);
  if (one !== undefined) return [one, one];
  const items = (asItems(value) ?? []).map((item) => asNumber(item));
  const [first, second] = items;
  if (first === undefined || second === undefined || items.length !== 2) return undefined;
  return [first, second];
}

/** PIL's resampling filter: a number or an enumeration member. */
export function resampleOf(record: PyObject, name: string, value = record.attr(name)): Resample {
  const code = value instanceof PyObject ? asNumber(value.args[0]) : asNumber(value);
  const filter = code === undefined ? 'bilinear' : RESAMPLES[code];
  if (filter === undefined) throw malformedTransform(record, `its ${name} is not a PIL filter`);
  return filter;
}

const padModes: readonly string[] = ['zeros', 'border', 'reflection'];

/** fastai's PadMode. */
export function padModeOf(record: PyObject, absent: PadMode): PadMode {
  const value = record.attr('pad_mode');
  if (value === undefined || value === null) return absent;
  if (typeof value === 'string' && padModes.includes(value)) return value as PadMode;
  throw malformedTransform(record, 'its pad_mode is unknown');
}
