import type { TabularColumn } from '../../learner/fastai/contract.js';
import { MISSING_TEXTS } from '../io/data-frame/missing-texts.js';

/** Converts the cells of a CSV file, which are all texts, to the types of the learner's column. */
export function cellReader(column: TabularColumn): (text: string) => unknown {
  return column.kind === 'number' ? numberCell : categoryReader(column.categories ?? []);
}

function numberCell(text: string): unknown {
  const trimmed = text.trim();
  if (MISSING_TEXTS.has(trimmed)) return null;
  if (/^(?:true|false)$/i.test(trimmed)) return /^t/i.test(trimmed);
  if (/^[-+]?inf(?:inity)?$/i.test(trimmed)) return trimmed.startsWith('-') ? -Infinity : Infinity;
  const value = Number(trimmed);
  // The learner refuses text that is not a number, with the column's name.
  return Number.isNaN(value) || /^[-+]?0[xob]/i.test(trimmed) ? text : value;
}

/** By the text, then by the number, so that 3.0 finds 3. */
function categoryReader(
  categories: readonly (string | number | boolean)[],
): (text: string) => unknown {
  const byText = new Map<string, unknown>();
  const byNumber = new Map<number, unknown>();
  for (const category of categories) {
    byText.set(String(category), category);
    if (typeof category === 'boolean') byText.set(category ? 'True' : 'False', category);
    // As in pandas, 1 and 0 are booleans if the categories are booleans.
    if (typeof category !== 'string') byNumber.set(Number(category), category);
  }
  return (text) => {
    const exact = byText.get(text);
    if (exact !== undefined) return exact;
    const trimmed = text.trim();
    if (MISSING_TEXTS.has(trimmed)) return null;
    return byNumber.get(Number(trimmed)) ?? text;
  };
}

/** The shortest decimal that is the same float32, as numpy and pandas write it. */
export function shortestFloat32(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return String(rounded);
  }
  return String(Number(value.toPrecision(9)));
}
