// Each column of plain objects has its own place in the code, because an engine remembers at
// each place where the property is, as long as its name stays the same. One place for all columns
// takes four times as long.

export type PlainRow = Readonly<Record<string, unknown>>;

/** Columns that one pass over the rows reads. */
const PLACES = 16;

type Four<T> = [T, T, T, T];
type Sixteen<T> = [...Four<T>, ...Four<T>, ...Four<T>, ...Four<T>];

/** The next columns of a pass; places without a column have the last one again. */
function placed<T>(all: readonly T[], first: number): Sixteen<T> {
  const places = Array.from(
    { length: PLACES },
    (_, i) => all[Math.min(first + i, all.length - 1)]!,
  );
  return places as Sixteen<T>;
}

/** Reads cells of rows, an array per column. */
export function readProperties(
  items: readonly PlainRow[],
  names: readonly string[],
  start: number,
  end: number,
  out: readonly unknown[][],
): void {
  for (let first = 0; first < names.length; first += PLACES) {
    const [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = placed(names, first);
    const [A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P] = placed(out, first);
    const width = names.length - first;
    for (let row = start, at = 0; row < end; row++, at++) {
      const item = items[row]!;
      A[at] = item[a];
      B[at] = item[b];
      C[at] = item[c];
      D[at] = item[d];
      if (width <= 4) continue;
      E[at] = item[e];
      F[at] = item[f];
      G[at] = item[g];
      H[at] = item[h];
      if (width <= 8) continue;
      I[at] = item[i];
      J[at] = item[j];
      K[at] = item[k];
      L[at] = item[l];
      if (width <= 12) continue;
      M[at] = item[m];
      N[at] = item[n];
      O[at] = item[o];
      P[at] = item[p];
    }
  }
}

/**
 * Reads cells of rows that are numbers, with NaN for null and undefined: no object is made for a
 * number on its way.
 *
 * @returns Whether each column has other cells, which are then NaN too.
 */
export function readNumberProperties(
  items: readonly PlainRow[],
  names: readonly string[],
  start: number,
  end: number,
  out: readonly Float64Array[],
): boolean[] {
  const others = new Uint8Array(names.length);
  for (let first = 0; first < names.length; first += PLACES) {
    const [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = placed(names, first);
    const [A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P] = placed(out, first);
    const width = names.length - first;
    const found = others.subarray(first);
    for (let row = start, at = 0; row < end; row++, at++) {
      const item = items[row]!;
      A[at] = numberIn(item[a], found, 0);
      B[at] = numberIn(item[b], found, 1);
      C[at] = numberIn(item[c], found, 2);
      D[at] = numberIn(item[d], found, 3);
      if (width <= 4) continue;
      E[at] = numberIn(item[e], found, 4);
      F[at] = numberIn(item[f], found, 5);
      G[at] = numberIn(item[g], found, 6);
      H[at] = numberIn(item[h], found, 7);
      if (width <= 8) continue;
      I[at] = numberIn(item[i], found, 8);
      J[at] = numberIn(item[j], found, 9);
      K[at] = numberIn(item[k], found, 10);
      L[at] = numberIn(item[l], found, 11);
      if (width <= 12) continue;
      M[at] = numberIn(item[m], found, 12);
      N[at] = numberIn(item[n], found, 13);
      O[at] = numberIn(item[o], found, 14);
      P[at] = numberIn(item[p], found, 15);
    }
  }
  return Array.from(others, Boolean);
}

function numberIn(cell: unknown, others: Uint8Array, column: number): number {
  if (typeof cell === 'number') return cell;
  if (cell !== null && cell !== undefined) others[column] = 1;
  return NaN;
}
