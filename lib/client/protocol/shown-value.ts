import { shortened } from '../../learner/errors/index.js';

/**
 * Shows a JSON value in a message, without the contents of lists and objects, which may be deep.
 */
export function shownValue(value: unknown): string {
  if (typeof value === 'object') {
    return value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
  }
  return shortened(typeof value === 'string' ? JSON.stringify(value) : String(value), 40);
}
