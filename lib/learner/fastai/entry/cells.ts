import type { Value } from '../../python/values.js';

/** What pandas takes for no value. */
export const isMissing = (value: Value): boolean =>
  value === null || (typeof value === 'number' && Number.isNaN(value));
