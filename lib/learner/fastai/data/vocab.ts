import { asItems, holdsFloats, PyObject, type PyValue } from '../../torch/index.js';

/** The items of a `CategoryMap`, or of a plain list that replaces it. */
export function readVocab(value: PyValue | undefined): PyValue[] {
  if (value instanceof PyObject) {
    const items = asItems(value.attr('items'));
    if (items !== undefined) return items;
  }
  return asItems(value) ?? [];
}

/** `str(category)` of each entry: 3.0 for float labels, 3 for integers. */
export function categoryNames(vocab: readonly PyValue[]): string[] {
  const floats = holdsFloats(vocab);
  return vocab.map((value) => categoryName(value, floats));
}

function categoryName(value: PyValue, float: boolean): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return numberName(value, float);
  return String(value);
}

/** Python's `repr` of a number: an exponent of at least two digits from 1e16 on and below 1e-4. */
function numberName(value: number, float: boolean): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Number.isInteger(value) && !float) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
