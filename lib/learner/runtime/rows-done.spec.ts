import { afterEach, describe, expect, it } from 'vitest';
import { rowsDone, stopRows, watchRows } from './rows-done.js';

describe('Finished rows', () => {
  afterEach(stopRows);

  it('are reported as a share while somebody watches, except for the last ones', () => {
    const seen: number[] = [];
    rowsDone(1, 4);
    watchRows((share) => seen.push(share));
    for (const done of [1, 2, 4]) rowsDone(done, 4);
    rowsDone(1, 1);
    stopRows();
    rowsDone(3, 4);
    expect(seen).toEqual([0.25, 0.5]);
  });
});
