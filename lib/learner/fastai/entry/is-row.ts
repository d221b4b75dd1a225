import { isElsewhere } from '../data/stored-item.js';

const isRecord = (item: unknown): item is Record<string, unknown> => {
  if (typeof item !== 'object' || item === null) return false;
  const prototype: unknown = Object.getPrototypeOf(item);
  return prototype === Object.prototype || prototype === null;
};

/** Whether an item is a row of a data frame, or a dictionary: an object that is not an image. */
export function isRow(item: unknown): item is Record<string, unknown> {
  if (!isRecord(item) || isElsewhere(item)) return false;
  return !(item['data'] instanceof Uint8Array && typeof item['channels'] === 'number');
}

/** fastai's name for the class of rows. */
export const isRowType = (name: string): boolean => /^pandas\.(core\.series\.)?Series$/.test(name);
