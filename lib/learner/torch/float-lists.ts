import type { PyValue } from './python.js';

/**
 * A Python float without a fraction, on its way through the pickle machine. JavaScript has one type
 * for both kinds of number, and `str(3.0)` is not `str(3)`: lists remember which they hold.
 */
export class WholeFloat {
  constructor(readonly value: number) {}
}

/** A value as it travels through the machine. */
export type Travelling = PyValue | WholeFloat;

export function travelling(value: PyValue): Travelling {
  return typeof value === 'number' && Number.isInteger(value) ? new WholeFloat(value) : value;
}

const lists = new WeakSet<readonly PyValue[]>();

/** Puts a value into a list, which from then on is one of floats if it is a whole float. */
export function append(list: PyValue[], value: Travelling): void {
  if (value instanceof WholeFloat) {
    lists.add(list);
    list.push(value.value);
  } else list.push(value);
}

/** Says that a list holds floats, as the values it was copied from did. */
export function markFloats(list: readonly PyValue[]): void {
  lists.add(list);
}

/** Whether the numbers were floats in Python; known of lists with at least one whole float. */
export function holdsFloats(list: readonly PyValue[]): boolean {
  return lists.has(list);
}
