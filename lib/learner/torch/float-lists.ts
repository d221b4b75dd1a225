import type { PyValue } from './python.js';

/**
 * A Python float without a fraction, on its way through the pickle machine. JavaScript has one type
 * for ints and floats, but `str(3.0)` is not `str(3)`: containers remember where they hold such
 * floats.
 */
export class WholeFloat {
  constructor(readonly value: number) {}
}

/** A value inside the machine. */
export type Travelling = PyValue | WholeFloat;

export function travelling(value: PyValue): Travelling {
  return typeof value === 'number' && Number.isInteger(value) ? new WholeFloat(value) : value;
}

/** Where whole floats are: in lists, tuples, arguments, and entries `[key, value]` of dicts. */
const places = new WeakMap<readonly PyValue[], number[] | 'all'>();

/**
 * Appends a value to a list. If the value is a whole float, the list counts as a list of floats
 * from then on.
 */
export function append(list: PyValue[], value: Travelling): void {
  if (value instanceof WholeFloat) {
    markFloat(list, list.length);
    list.push(value.value);
  } else list.push(value);
}

/** Marks the value at that index as a float. */
export function markFloat(list: readonly PyValue[], place: number): void {
  const known = places.get(list);
  if (known === undefined) places.set(list, [place]);
  else if (known !== 'all') known.push(place);
}

/** Marks all numbers of a list as floats. */
export function markFloats(list: readonly PyValue[]): void {
  places.set(list, 'all');
}

/** Forgets the marks, because the list gets other values. */
export function unmarkFloats(list: readonly PyValue[]): void {
  places.delete(list);
}

/** Copies the marks of the original to a copy whose items begin at `start`. */
export function copyFloats(
  original: readonly PyValue[],
  copy: readonly PyValue[],
  start = 0,
): void {
  const known = places.get(original);
  if (known === undefined || original === copy) return;
  if (known === 'all') original.forEach((_, place) => markFloat(copy, start + place));
  else for (const place of known) markFloat(copy, start + place);
}

/** Whether the numbers were floats in Python; known for lists with at least one whole float. */
export function holdsFloats(list: readonly PyValue[]): boolean {
  return places.has(list);
}

/** Whether the number at an index was a float in Python; undefined if the list has no marks. */
export function floatPlaces(list: readonly PyValue[]): ((place: number) => boolean) | undefined {
  const known = places.get(list);
  if (known === undefined) return undefined;
  if (known === 'all') return () => true;
  const set = new Set(known);
  return (place) => set.has(place);
}

/** The names of attributes that are whole floats. */
const attributes = new WeakMap<object, Set<string>>();

/** Marks or unmarks an attribute of a record as a whole float. */
export function markAttribute(record: object, name: string, isFloat: boolean): void {
  const names = attributes.get(record);
  if (names) {
    if (isFloat) names.add(name);
    else names.delete(name);
  } else if (isFloat) attributes.set(record, new Set([name]));
}

export function isFloatAttribute(record: object, name: string): boolean {
  return attributes.get(record)?.has(name) ?? false;
}

/** Lists that were a fastcore `L`. */
const fastcoreLists = new WeakSet<readonly PyValue[]>();

export function markFastcoreList(list: readonly PyValue[]): void {
  fastcoreLists.add(list);
}

export function isFastcoreList(list: readonly PyValue[]): boolean {
  return fastcoreLists.has(list);
}
