import { Ajv } from 'ajv';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { InvalidBodyError } from '../io/errors.js';
import type { RequestBody } from '../io/request-body.js';
import { NumpyNdarray } from '../io/numpy-ndarray.js';
import { ArrayBody } from './array-body.js';
import { predictionSchema, shownSchema } from './schemas.js';

const body = (mediaType: string | undefined, bytes: Uint8Array | string): RequestBody => ({
  bytes: Buffer.from(bytes),
  mediaType,
  charset: undefined,
});

const series = new ArrayBody(() => [2, null]);
const valid = (schema: object, sample: unknown): boolean =>
  new Ajv({ strict: false, validateFormats: false }).validate(schema, sample);

describe('Bodies of arrays', () => {
  it('are nested arrays, with null for a missing number', () => {
    const tensor = series.parse(body('application/json', '[[1, null], [0.1, 4]]')) as Tensor;
    expect(tensor.dims).toEqual([2, 2]);
    expect([...(tensor.data as Float64Array)]).toEqual([1, NaN, 0.1, 4]);
  });

  it('are .npy files', () => {
    const file = new NumpyNdarray({ dtype: 'float32' }).serialize(
      new Tensor('float32', Float32Array.of(1, 2, 3, 4), [2, 2]),
      'application/x-npy',
    );
    const tensor = series.parse(body('application/x-npy', file.body as Uint8Array)) as Tensor;
    expect(tensor.dims).toEqual([2, 2]);
    expect(Array.from(tensor.data as Float64Array)).toEqual([1, 2, 3, 4]);
  });

  it.each(['text/csv', 'text/plain'])('are %s, which the learner reads', (type) => {
    expect(series.accepts(type)).toBe(true);
    expect(series.parse(body(type, '1,2\n3,4'))).toBe('1,2\n3,4');
  });

  it.each([
    ['application/json', '{"a": 1}'],
    ['application/json', '[[1, 2], [3]]'],
    ['application/json', '[["one"]]'],
    ['application/x-npy', 'not numpy'],
  ])('that are not (%s, %s) are refused', (type, text) => {
    expect(() => series.parse(body(type, text))).toThrow(InvalidBodyError);
  });

  it('take nothing else', () => {
    expect(series.accepts('image/png')).toBe(false);
    expect(series.accepts(undefined)).toBe(true);
  });

  it('have an example that matches their schema', () => {
    expect(series.example).toEqual([Array(8).fill(0), Array(8).fill(0)]);
    expect(valid(series.schema, series.example)).toBe(true);
    expect(valid(series.schema, [[1, null]])).toBe(false);
    expect(valid(series.schema, [[1], [null]])).toBe(true);
    const any = new ArrayBody(() => undefined);
    expect(valid(any.schema, any.example)).toBe(true);
    expect(valid(any.schema, [[[1]]])).toBe(true);
  });

  it('have no example of a million zeros', () => {
    expect(new ArrayBody(() => [1000, 1000]).example).toBeUndefined();
  });
});

describe('Answers of learners of arrays', () => {
  const forecast = predictionSchema({ kind: 'array', task: 'regress' });

  it.each([
    4.5,
    [1, 2],
    [
      [1, 2],
      [3, 4],
    ],
    [[[1]]],
  ])('may be %j', (value) => {
    const answer = { prediction: value, target: value, probabilities: value };
    expect(valid(forecast, answer)).toBe(true);
  });

  it('show numbers and their shape', () => {
    const schema = shownSchema({ kind: 'array', task: 'classify' });
    expect(valid(schema, { values: [1, 2], shape: [1, 2] })).toBe(true);
  });
});
