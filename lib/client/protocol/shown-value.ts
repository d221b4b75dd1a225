import { shortened } from '../../learner/errors/index.js';

/** Any value of JSON in a message: lists and objects, which may be deep, are not looked into. */
export function shownValue(value: unknown): string {
  if (typeof value === 'object') {
    return value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
  }
  return shortened(typeof value === 'string' ? JSON.stringify(value) : String(value), 40);
}
