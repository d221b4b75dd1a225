/**
 * Elements of a tensor as nested lists, row by row; the element itself if the tensor has no
 * dimensions.
 */
export function inRows(elements: readonly unknown[], dims: readonly number[]): unknown {
  let level = elements;
  for (const size of dims.slice(1).reverse()) {
    const rows: unknown[] = [];
    for (let at = 0; at < level.length; at += size) rows.push(level.slice(at, at + size));
    level = rows;
  }
  return dims.length === 0 ? level[0] : level;
}
