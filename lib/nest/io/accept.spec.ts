import { describe, expect, it } from 'vitest';
import { MediaTypes } from './accept.js';

describe('MediaTypes', () => {
  const types = new MediaTypes(['application/json', 'application/x-npy']);

  it.each([
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['application/x-npy', 'application/x-npy'],
    ['APPLICATION/X-NPY; q=0.5', 'application/x-npy'],
    ['application/x-npy, application/json', 'application/json'],
    ['application/json;q=0.5, application/x-npy;q=0.8', 'application/x-npy'],
    ['application/x-npy;q=0.2, */*;q=0.1', 'application/x-npy'],
    ['application/json;q=0, */*', 'application/x-npy'],
    ['text/html', 'application/json'],
    ['application/json;q=0', 'application/json'],
    ['*/*;q=0', 'application/json'],
    ['application/x-npy;q=nonsense', 'application/x-npy'],
  ])('takes %j for %s', (accept, type) => {
    expect(types.chosenBy(accept)).toBe(type);
    expect(types.chosenBy(accept)).toBe(type);
  });
});
