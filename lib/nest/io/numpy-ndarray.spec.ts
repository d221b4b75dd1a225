import { readFileSync } from 'node:fs';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import {
  InvalidBodyError,
  InvalidDescriptorError,
  InvalidOutputError,
  NotAcceptableError,
  UnsupportedBodyError,
} from './errors.js';
import type { NdarrayDType } from './ndarray/dtypes.js';
import { readNpy } from './ndarray/npy.js';
import { NumpyNdarray, type NumpyNdarrayOptions } from './numpy-ndarray.js';
import type { RequestBody } from './request-body.js';

function parse(json: string, options: NumpyNdarrayOptions = {}): Tensor {
  const body = { bytes: Buffer.from(json), mediaType: 'application/json', charset: undefined };
  return new NumpyNdarray(options).parse(body);
}

const values = (tensor: Tensor): unknown[] => [...(tensor.data as Float32Array)];

const write = (value: unknown, options: NumpyNdarrayOptions = {}): string =>
  new NumpyNdarray(options).serialize(value as Tensor).body as string;

describe('NumpyNdarray in', () => {
  it('reads nested arrays as float32 if no dtype is declared', () => {
    const tensor = parse('[[1, 2.5, -3e2], [0, 1e-3, 7]]');
    expect(tensor).toMatchObject({ type: 'float32', dims: [2, 3] });
    expect(values(tensor)).toEqual([1, 2.5, -300, 0, Math.fround(0.001), 7]);
  });

  it.each<[NdarrayDType, string, unknown[]]>([
    ['float64', '[0.1]', [0.1]],
    ['float16', '[1, 0.1]', [0x3c00, 0x2e66]],
    ['int8', '[-128, 127]', [-128, 127]],
    ['uint8', '[0, 255]', [0, 255]],
    ['int16', '[-32768]', [-32768]],
    ['uint16', '[65535]', [65535]],
    ['int32', '[-2147483648]', [-2147483648]],
    ['uint32', '[4294967295]', [4294967295]],
    ['int64', '[1, -2]', [1n, -2n]],
    ['uint64', '[3]', [3n]],
    ['bool', '[true, false]', [1, 0]],
    ['string', '["a", "12345678901234567890"]', ['a', '12345678901234567890']],
  ])('reads %s', (dtype, json, expected) => {
    const tensor = parse(json, { dtype, enforceDtype: true });
    expect(tensor.type).toBe(dtype);
    expect(values(tensor)).toEqual(expected);
  });

  it('keeps all digits of 64-bit integers', () => {
    const json = '[9223372036854775807, -9223372036854775808, 9007199254740993, 1]';
    expect(values(parse(json, { dtype: 'int64' }))).toEqual([
      9223372036854775807n,
      -9223372036854775808n,
      9007199254740993n,
      1n,
    ]);
    expect(values(parse('[18446744073709551615]', { dtype: 'uint64' }))).toEqual([
      18446744073709551615n,
    ]);
    expect(() => parse('[9223372036854775808]', { dtype: 'int64' })).toThrow('not a valid int64');
    expect(() => parse('[1, "12345678901234567"]', { dtype: 'int64' })).toThrow('[1] is a string');
    expect(() => parse('[01234567890123456789]', { dtype: 'int64' })).toThrow('not valid JSON');
    const parsed = {
      bytes: undefined,
      parsed: [2 ** 53],
      mediaType: undefined,
      charset: undefined,
    };
    expect(() => new NumpyNdarray({ dtype: 'int64' }).parse(parsed)).toThrow('[0] is');
  });

  it('casts as numpy does if the dtype is not enforced', () => {
    expect(values(parse('[1.5, -1.5, true]', { dtype: 'int32' }))).toEqual([1, -1, 1]);
    expect(values(parse('[0, 2, true]', { dtype: 'bool' }))).toEqual([0, 1, 1]);
    expect(values(parse('[true, 1]', { dtype: 'float32' }))).toEqual([1, 1]);
  });

  it.each<[NdarrayDType, string, string]>([
    ['int64', '[[1, 1.5]]', '[0][1] is 1.5, which is not a valid int64'],
    ['int64', '[true]', '[0] is true'],
    ['bool', '[1]', '[0] is 1'],
    ['float32', '[true]', '[0] is true'],
  ])('refuses for an enforced %s: %s', (dtype, json, fact) => {
    expect(() => parse(json, { dtype, enforceDtype: true })).toThrow(InvalidBodyError);
    expect(() => parse(json, { dtype, enforceDtype: true })).toThrow(fact);
  });

  it.each<[NdarrayDType, string, string]>([
    ['uint8', '[256]', '[0] is 256, which is not a valid uint8'],
    ['uint8', '[-1]', '[0] is -1'],
    ['int8', '[[0], [128]]', '[1][0] is 128'],
    ['float32', '[1e39]', '[0] is 1e+39'],
    ['float16', '[65520]', '[0] is 65520'],
    ['float64', '[1e999]', '[0] is Infinity'],
    ['float32', '[[1, null]]', '[0][1] is null'],
    ['float32', '["1.5"]', '[0] is a string'],
    ['string', '[1]', '[0] is 1'],
    ['float32', '[{"a": 1}]', '[0] is an object'],
  ])('refuses for any %s: %s', (dtype, json, fact) => {
    expect(() => parse(json, { dtype })).toThrow(InvalidBodyError);
    expect(() => parse(json, { dtype })).toThrow(fact);
  });

  it('reads null as NaN if that is allowed, only in floats', () => {
    expect(values(parse('[1, null]', { dtype: 'float32', allowNaN: true }))).toEqual([1, NaN]);
    expect(() => parse('[null]', { dtype: 'int32', allowNaN: true })).toThrow('[0] is null');
  });

  it.each([
    ['[[1, 2], [3]]', 'ragged: [1] has 1 items, but the first has 2'],
    ['[[1], 2]', 'ragged: [1] is a value, but others are arrays'],
    ['[1, [2]]', 'ragged: [1] is an array, but others are values'],
    ['[[[1]], [[1, 2]]]', 'ragged: [1][0] has 2 items'],
    [`${'['.repeat(100)}${']'.repeat(100)}`, 'nested more than 64 levels deep'],
    ['[1, 2', 'not valid JSON'],
    ['[NaN]', 'not valid JSON'],
    ['', 'not valid JSON'],
    ['{"a": [1]}', 'the body is not an array'],
    ['null', 'the body is not an array'],
    ['5', 'the body is not an array'],
  ])('refuses %s', (json, fact) => {
    expect(() => parse(json)).toThrow(InvalidBodyError);
    expect(() => parse(json)).toThrow(fact);
  });

  it('does not allocate a size that only the first row promises', () => {
    const rows = 30_000;
    const json = `[[${'0,'.repeat(rows)}0]${',[]'.repeat(rows)}]`;
    expect(() => parse(json)).toThrow('[1] has 0 items');
  });

  it('refuses invalid UTF-8 and other charsets', () => {
    const body = { bytes: Buffer.from([0x5b, 0xff]), mediaType: undefined, charset: undefined };
    expect(() => new NumpyNdarray().parse(body)).toThrow('not valid UTF-8');
    expect(() => new NumpyNdarray().parse({ ...body, charset: 'latin1' })).toThrow(
      UnsupportedBodyError,
    );
  });

  it('accepts empty arrays, and a single value if the shape has no dimensions', () => {
    expect(parse('[]').dims).toEqual([0]);
    expect(parse('[[], []]').dims).toEqual([2, 0]);
    expect(parse('5', { shape: [] }).dims).toEqual([]);
  });

  it('enforces a shape with wildcards', () => {
    const options = { shape: [-1, 2], enforceShape: true };
    expect(parse('[[1, 2], [3, 4]]', options).dims).toEqual([2, 2]);
    expect(() => parse('[[1, 2, 3]]', options)).toThrow(
      'expecting an array of shape (-1, 2), but got (1, 3)',
    );
    expect(() => parse('[1, 2]', options)).toThrow('but got (2,)');
  });

  it('reshapes if the shape is not enforced', () => {
    expect(parse('[1, 2, 3, 4]', { shape: [-1, 2] }).dims).toEqual([2, 2]);
    expect(parse('[[1], [2]]', { shape: [2] }).dims).toEqual([2]);
    expect(parse('[1, 2, 3]', { shape: [-1, 2] }).dims).toEqual([3]);
    expect(parse('[1, 2]', { shape: [-1, -1] }).dims).toEqual([2]);
  });
});

describe('NumpyNdarray out', () => {
  it('writes tensors, nested once per dimension', () => {
    const data = Float32Array.of(0.5, 1, 2, 3, 4, 5);
    expect(write(new Tensor('float32', data, [2, 3]))).toBe('[[0.5,1,2],[3,4,5]]');
    expect(write(new Tensor('float32', data, [1, 3, 2]))).toBe('[[[0.5,1],[2,3],[4,5]]]');
    expect(write(new Tensor('float32', data.slice(0, 1), []))).toBe('0.5');
    expect(write(new Tensor('float32', new Float32Array(), [2, 0]))).toBe('[[],[]]');
    expect(write(new Tensor('float32', new Float32Array(), [0, 3]))).toBe('[]');
  });

  it('writes every dtype', () => {
    expect(write(Float32Array.of(0.1))).toBe('[0.10000000149011612]');
    expect(write(Float64Array.of(0.1))).toBe('[0.1]');
    expect(write(BigInt64Array.of(9007199254740993n))).toBe('[9007199254740993]');
    expect(write(new Tensor('bool', Uint8Array.of(1, 0), [2]))).toBe('[true,false]');
    expect(write(new Tensor('string', ['a"'], [1]))).toBe('["a\\""]');
    expect(write(new Tensor('float16', Uint16Array.of(0x3c00, 0x2e66) as never, [2]))).toBe(
      '[1,0.0999755859375]',
    );
  });

  it('writes nested arrays', () => {
    expect(write([[1, 2.5]])).toBe('[[1,2.5]]');
    expect(write([true])).toBe('[true]');
    expect(write([5n])).toBe('[5]');
    expect(write([])).toBe('[]');
  });

  it('writes null for NaN and the infinities', () => {
    expect(write(Float32Array.of(NaN, Infinity, -Infinity, 1))).toBe('[null,null,null,1]');
    expect(write([NaN])).toBe('[null]');
  });

  it('refuses them if allowNaN is false, and then documents only numbers', () => {
    const options = { dtype: 'float32', shape: [-1, 2], allowNaN: false } as const;
    const number = { type: 'number', format: 'float' };
    const row = { type: 'array', items: number };
    expect(new NumpyNdarray(options).outputSchema).toEqual({ type: 'array', items: row });
    expect(write(Float32Array.of(1, 2), options)).toBe('[[1,2]]');
    const wrong = (...values: number[]) => write(Float32Array.of(...values), options);
    expect(() => wrong(1, 2, 3, NaN)).toThrow('[1][1] is NaN; return finite numbers');
    expect(() => wrong(-Infinity, 2)).toThrow(InvalidOutputError);
    const bytes = new NumpyNdarray(options);
    expect(() => bytes.serialize(Float32Array.of(NaN, 1), 'application/x-npy')).toThrow(
      '[0][0] is NaN',
    );
    expect(write(Int32Array.of(1), { allowNaN: false })).toBe('[1]');
  });

  it('casts within same_kind', () => {
    expect(write(Float64Array.of(0.1), { dtype: 'float32' })).toBe('[0.10000000149011612]');
    expect(write([1, 2], { dtype: 'int64', enforceDtype: true })).toBe('[1,2]');
    expect(write(Int32Array.of(1), { dtype: 'float32', enforceDtype: true })).toBe('[1]');
    expect(write(Float32Array.of(1.5), { dtype: 'int64' })).toBe('[1.5]');
    expect(() => write(Float32Array.of(1.5), { dtype: 'int64', enforceDtype: true })).toThrow(
      'expecting an array of dtype int64, but got float32',
    );
  });

  it('enforces the shape or reshapes', () => {
    expect(write(Float32Array.of(1, 2), { shape: [2, 1] })).toBe('[[1],[2]]');
    expect(() => write(Float32Array.of(1), { shape: [-1, 2], enforceShape: true })).toThrow(
      InvalidOutputError,
    );
  });

  it.each([[undefined], [null], [5], ['text'], [{ a: 1 }], [[1, 'a']], [[[1], 2]], [[{}]]])(
    'refuses %j',
    (value) => {
      expect(() => write(value)).toThrow(InvalidOutputError);
    },
  );
});

describe('NumpyNdarray declared', () => {
  it.each<[NumpyNdarrayOptions, string]>([
    [{ dtype: 'foo' as never }, '"foo" is not a dtype'],
    [{ shape: [1.5] }, 'is not a shape'],
    [{ shape: [-2] }, 'is not a shape'],
    [{ enforceDtype: true }, 'add dtype'],
    [{ enforceShape: true }, 'add shape'],
  ])('refuses %j', (options, fact) => {
    expect(() => new NumpyNdarray(options)).toThrow(InvalidDescriptorError);
    expect(() => new NumpyNdarray(options)).toThrow(fact);
  });

  it('takes dtype, shape and example from a sample, without enforcing them', () => {
    const io = NumpyNdarray.fromSample([[5.1, 3.5]]);
    expect(io.example).toEqual([[5.1, 3.5]]);
    const number = { type: 'number', format: 'float' };
    expect(io.schema).toEqual({ type: 'array', items: { type: 'array', items: number } });
    const body = { bytes: Buffer.from('[[1]]'), mediaType: undefined, charset: undefined };
    expect(io.parse(body)).toMatchObject({ type: 'float32', dims: [1, 1] });
    expect(NumpyNdarray.fromSample(BigInt64Array.of(1n)).schema).toEqual({
      type: 'array',
      items: { type: 'integer', format: 'int64' },
    });
    expect(() => NumpyNdarray.fromSample([[1], 2])).toThrow(InvalidDescriptorError);
  });

  it('documents what it enforces', () => {
    const io = new NumpyNdarray({ dtype: 'float32', shape: [-1, 4], enforceShape: true });
    const number = { type: 'number', format: 'float' };
    const row = { type: 'array', minItems: 4, maxItems: 4 };
    expect(io.schema).toEqual({ type: 'array', items: { ...row, items: number } });
    expect(io.outputSchema).toEqual({
      type: 'array',
      items: { ...row, items: { ...number, nullable: true } },
    });
  });
});

describe('NumpyNdarray with bytes', () => {
  const body = (mediaType: string, bytes: Uint8Array): RequestBody => ({
    bytes,
    mediaType,
    charset: undefined,
  });
  const npy = (name: string): RequestBody => {
    const file = new URL(`../../../test/fixtures/npy/${name}.npy`, import.meta.url);
    return body('application/x-npy', readFileSync(file));
  };
  const raw = (bytes: Uint8Array): RequestBody => body('application/octet-stream', bytes);

  it("accepts numpy's files, cast like JSON", () => {
    expect(new NumpyNdarray().parse(npy('big_f8'))).toMatchObject({
      type: 'float32',
      dims: [2, 3],
      data: Float32Array.of(0, 1, 2, 3, 100, 127),
    });
    const ids = new NumpyNdarray({ dtype: 'int64', shape: [-1] });
    expect(ids.parse(npy('little_u2'))).toMatchObject({
      dims: [6],
      data: BigInt64Array.of(0n, 1n, 2n, 3n, 100n, 127n),
    });
    expect(new NumpyNdarray().parse(npy('big_i8')).data).toEqual(
      Float32Array.of(0, 1, 2, 3, 100, 127),
    );
    expect(new NumpyNdarray({ dtype: 'float16' }).parse(npy('bool')).data).toEqual(
      Uint16Array.of(0, 0, 0, 0x3c00, 0x3c00, 0x3c00),
    );
  });

  it.each<[string, NumpyNdarrayOptions, string, string]>([
    ['another dtype', { dtype: 'int32', enforceDtype: true }, 'little_f4', 'but got float32'],
    ['another shape', { shape: [3, 2], enforceShape: true }, 'little_f4', 'of shape (3, 2)'],
    ['NaN', {}, 'special', '[0] is NaN, which is not a valid float32'],
    ['a number out of range', { dtype: 'int8' }, 'limits', '[0] is -9223372036854775808'],
    ['objects', {}, 'refused_objects', 'pickled objects, which are never read'],
  ])('refuses %s', (_what, options, name, message) => {
    const descriptor = new NumpyNdarray(options);
    expect(() => descriptor.parse(npy(name))).toThrow(InvalidBodyError);
    expect(() => descriptor.parse(npy(name))).toThrow(message);
  });

  it('accepts NaN and the infinities if they are allowed', () => {
    const { data } = new NumpyNdarray({ allowNaN: true }).parse(npy('special'));
    expect(data).toEqual(Float32Array.of(NaN, Infinity, -Infinity, -0));
    const wide = new NumpyNdarray({ dtype: 'float64', allowNaN: true }).parse(npy('special'));
    expect(wide.data).toEqual(Float64Array.of(NaN, Infinity, -Infinity, -0));
  });

  it('accepts bare elements if it knows their dtype and shape', () => {
    const descriptor = new NumpyNdarray({ dtype: 'float32', shape: [-1, 2] });
    const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const { data, dims } = descriptor.parse(raw(bytes));

    expect(dims).toEqual([2, 2]);
    expect(data).toEqual(Float32Array.of(1, 2, 3, 4));
    expect((data as Float32Array).buffer).toBe(bytes.buffer);
    expect(() => descriptor.parse(raw(bytes.subarray(0, 12)))).toThrow(
      '12 bytes do not make an array of float32 of shape (-1, 2)',
    );
    expect(() => descriptor.parse(raw(bytes.subarray(0, 9)))).toThrow(InvalidBodyError);
  });

  it.each<[boolean, NumpyNdarrayOptions]>([
    [true, { dtype: 'float32', shape: [-1, 2] }],
    [false, { dtype: 'float32' }],
    [false, { shape: [2] }],
    [false, { dtype: 'float32', shape: [-1, -1] }],
    [false, { dtype: 'string', shape: [2] }],
  ])('accepts bare elements: %s for %j', (takes, options) => {
    const descriptor = new NumpyNdarray(options);
    expect(descriptor.accepts('application/octet-stream')).toBe(takes);
    expect(descriptor.accepts('application/x-npy')).toBe(true);
    expect(descriptor.accepts('text/csv')).toBe(false);
  });

  it('sends the requested format', () => {
    const out = new NumpyNdarray();
    const tensor = new Tensor('float32', Float32Array.of(0.1, NaN), [1, 2]);
    const file = out.serialize(tensor, 'application/x-npy');
    expect(file.contentType).toBe('application/x-npy');
    expect(readNpy(file.body as Uint8Array)).toEqual({
      dtype: 'float32',
      dims: [1, 2],
      data: Float32Array.of(0.1, NaN),
    });
    expect(out.serialize([true, false], 'application/octet-stream')).toEqual({
      contentType: 'application/octet-stream',
      body: Uint8Array.of(1, 0),
    });
    expect(out.serialize(tensor, 'text/html').body).toBe('[[0.10000000149011612,null]]');
    expect(out.serialize(['a'], 'application/x-npy').body).toBe('["a"]');
    const texts = new NumpyNdarray({ dtype: 'string' });
    expect(() => texts.serialize(['a'], 'application/x-npy')).toThrow(NotAcceptableError);
    expect(() => out.serialize('text' as never, 'application/x-npy')).toThrow(InvalidOutputError);
  });
});

describe('NumpyNdarray as JSON', () => {
  it.each([1, 1024, 1025])('prints %i floats as JSON.stringify does', (size) => {
    const some = [0, -0, 1e21, 1e-7, 0.1, NaN, -Infinity, 123456789];
    const numbers = Float64Array.from({ length: size }, (_, at) => some[at % some.length]!);
    expect(write(numbers)).toBe(JSON.stringify([...numbers]));
    expect(write(Float32Array.from(numbers))).toBe(JSON.stringify([...Float32Array.from(numbers)]));
  });
});
