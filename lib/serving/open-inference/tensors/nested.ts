import { inRows } from '../../../learner/runtime/in-rows.js';

const DEEPEST = 8;

type Element = number | bigint | boolean;

interface Given {
  readonly data: ArrayLike<number | bigint>;
  readonly dims: readonly number[];
}

/** Numbers as nested lists; a single number if there are no dimensions. */
export function nestedOf({ data, dims }: Given, flags = false): unknown {
  const elements = Array.from(data, (value) => {
    if (flags) return value === 1;
    return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  });
  return inRows(elements, dims);
}

/** The reverse; undefined unless the value is numbers in lists of equal length at each level. */
export function shapeOfNested(
  value: unknown,
): { readonly data: readonly Element[]; readonly dims: readonly number[] } | undefined {
  const dims: number[] = [];
  let level: readonly unknown[] = [listOf(value)];
  while (Array.isArray(level[0])) {
    const size = (level[0] as readonly unknown[]).length;
    if (dims.length === DEEPEST || size === 0) return undefined;
    if (!level.every((row) => Array.isArray(row) && row.length === size)) return undefined;
    dims.push(size);
    level = level.flatMap((row) => (row as readonly unknown[]).map(listOf));
  }
  return level.every(isElement) ? { data: level, dims } : undefined;
}

function listOf(value: unknown): unknown {
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? Array.from(value as unknown as ArrayLike<number | bigint>)
    : value;
}

function isElement(value: unknown): value is Element {
  return ['number', 'bigint', 'boolean'].includes(typeof value);
}
