import type { Value } from '../../python/values.js';

/** Whether pandas counts the cell as missing. */
export const isMissing = (value: Value): boolean =>
  value === null || (typeof value === 'number' && Number.isNaN(value));
