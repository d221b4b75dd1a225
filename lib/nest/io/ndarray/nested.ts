import { Fault } from '../errors.js';

/** Deeper nesting than numpy itself allows is refused before it is walked. */
const MOST_DIMENSIONS = 64;

/**
 * The shape of nested arrays, from the first element of each level. All rows must be as long as the
 * first; otherwise a few bytes could declare an array of any size.
 *
 * @throws Fault
 */
export function checkedShape(value: unknown): number[] {
  const dims: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0] as unknown) {
    dims.push(level.length);
    if (dims.length > MOST_DIMENSIONS) {
      throw new Fault(`it is nested more than ${MOST_DIMENSIONS} levels deep`);
    }
  }
  checkRows(value, dims);
  return dims;
}

function checkRows(value: unknown, dims: readonly number[]): void {
  const path: number[] = [];
  const walk = (level: unknown, depth: number): void => {
    const size = dims[depth];
    if (size === undefined) return;
    if (!Array.isArray(level)) throw ragged(positionOf(path), 'is a value, but others are arrays');
    if (level.length !== size) {
      const fact = `has ${level.length} items, but the first has ${size}`;
      throw ragged(positionOf(path), fact);
    }
    if (depth === dims.length - 1) return;
    for (let i = 0; i < size; i++) {
      path.push(i);
      walk(level[i], depth + 1);
      path.pop();
    }
  };
  walk(value, 0);
}

/** Walks nested arrays of a checked shape, in row-major order. @throws Fault */
export function eachElement(
  value: unknown,
  dims: readonly number[],
  visit: (item: unknown, index: number, position: () => string) => void,
): void {
  const path: number[] = [];
  const position = (): string => positionOf(path);
  let index = 0;
  const walk = (level: unknown, depth: number): void => {
    if (depth === dims.length) {
      if (Array.isArray(level)) throw ragged(position(), 'is an array, but others are values');
      visit(level, index++, position);
      return;
    }
    const rows = level as readonly unknown[];
    for (let i = 0; i < rows.length; i++) {
      path.push(i);
      walk(rows[i], depth + 1);
      path.pop();
    }
  };
  walk(value, 0);
}

function ragged(position: string, fact: string): Fault {
  return new Fault(`the array is ragged: ${position} ${fact}`);
}

function positionOf(path: readonly number[]): string {
  return path.length === 0 ? 'the body' : path.map((index) => `[${index}]`).join('');
}

/** @throws Fault for dims that do not fit an enforced shape, in which -1 stands for any size. */
export function checkShape(
  what: string,
  dims: readonly number[],
  { shape, enforceShape }: { readonly shape?: readonly number[]; readonly enforceShape?: boolean },
): void {
  if (!enforceShape || !shape) return;
  const fits = shape.every((size, axis) => size === -1 || size === dims[axis]);
  if (fits && dims.length === shape.length) return;
  throw new Fault(
    `expecting ${what} of shape ${shapeText(shape)}, but got ${shapeText(dims)}`,
    'send one of that shape; -1 stands for any size',
  );
}

/** The shape without its -1, as numpy's reshape finds it; undefined if the elements do not fit. */
export function reshaped(
  dims: readonly number[],
  shape: readonly number[],
): readonly number[] | undefined {
  const total = product(dims);
  const open = shape.filter((size) => size === -1).length;
  if (open > 1) return undefined;
  const known = product(shape.filter((size) => size !== -1));
  if (open === 0) return known === total ? shape : undefined;
  if (known === 0 || total % known !== 0) return undefined;
  return shape.map((size) => (size === -1 ? total / known : size));
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

/** A shape as Python prints it. */
export function shapeText(shape: readonly number[]): string {
  return `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
}
