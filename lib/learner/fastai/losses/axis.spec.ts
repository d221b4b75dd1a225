import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { noise } from '../../../../test/helpers/noise.js';
import { softmax } from './axis.js';

describe('softmax', () => {
  it('of two classes equals that along any other axis, bit by bit', () => {
    const special = [0, -0, 1, -1, 88, -104, 3.4e38, -3.4e38, 1e-45, NaN, Infinity, -Infinity];
    const pairs = special.flatMap((first) => special.map((second) => [first, second]));
    // Any bits at all, and numbers as models give them.
    const bits = new Float32Array(noise(80_000, 7).buffer);
    const usual = Float32Array.from(bits, (value) => 20 * Math.sin(value || 1));
    for (const values of [bits, usual]) {
      for (let at = 0; at < values.length; at += 2) pairs.push([values[at]!, values[at + 1]!]);
    }
    const rows = new Tensor('float32', Float32Array.from(pairs.flat()), [pairs.length, 2]);
    const columns = new Tensor(
      'float32',
      Float32Array.from([...pairs.map(([first]) => first!), ...pairs.map(([, second]) => second!)]),
      [2, pairs.length],
    );
    const along = softmax(columns, 0).data as Float32Array;
    const expected = pairs.flatMap((_, row) => [along[row]!, along[pairs.length + row]!]);
    expect([...(softmax(rows, -1).data as Float32Array)]).toEqual(expected);
  });
});
