import fc from 'fast-check';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { BatchInputError, BatchResultError } from '../errors.js';
import { tensorCodec, type TensorCodecOptions } from './tensor-codec.js';

const rows = tensorCodec({ batchDim: [0, 0] });

function float(dims: number[], start = 0): Tensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return new Tensor(
    'float32',
    Float32Array.from({ length: size }, (_, i) => start + i),
    dims,
  );
}

function ids(...lines: number[][]): Tensor {
  const data = BigInt64Array.from(lines.flat(), BigInt);
  return new Tensor('int64', data, [lines.length, lines[0]!.length]);
}

function plain(value: unknown): unknown {
  if (value instanceof Tensor) return { dims: [...value.dims], data: [...(value.data as never[])] };
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, plain(v)]));
}

describe('tensorCodec', () => {
  it('joins along the batch dimension, and splits results into separate buffers', () => {
    const items = [float([1, 3]), float([2, 3], 10)];
    const merged = rows.merge(items) as Tensor;
    expect(plain(merged)).toEqual({ dims: [3, 3], data: [0, 1, 2, 10, 11, 12, 13, 14, 15] });
    const outputs = rows.split(merged, [1, 2], items) as Tensor[];
    expect(outputs.map(plain)).toEqual(items.map(plain));
    const buffers = outputs.map(({ data }) => (data as Float32Array).buffer);
    expect(buffers.map((buffer) => buffer.byteLength)).toEqual([12, 24]);
  });

  it('returns a single item unchanged', () => {
    const item = float([1, 3]);
    expect(rows.merge([item])).toBe(item);
  });

  it('joins along other dimensions, for input and output', () => {
    const columns = tensorCodec({ batchDim: [1, -1] });
    const items = [float([2, 1]), float([2, 2], 10)];
    expect(columns.rows(items[1])).toBe(2);
    const merged = columns.merge(items);
    expect(plain(merged)).toEqual({ dims: [2, 3], data: [0, 10, 11, 1, 12, 13] });
    const [first, second] = columns.split(float([2, 2, 3]), [1, 2], items);
    expect(plain(first)).toEqual({ dims: [2, 2, 1], data: [0, 3, 6, 9] });
    expect(plain(second)).toEqual({ dims: [2, 2, 2], data: [1, 2, 4, 5, 7, 8, 10, 11] });
  });

  it.each([
    ['int64', BigInt64Array.of(1n, 2n)],
    ['int32', Int32Array.of(1, 2)],
    ['uint8', Uint8Array.of(1, 2)],
    ['bool', Uint8Array.of(1, 0)],
    ['float64', Float64Array.of(1, 2)],
    ['float16', Uint16Array.of(1, 2)],
  ] as const)('keeps elements of %s', (type, data) => {
    const item = new Tensor(type as 'int32', data as Int32Array, [1, 2]);
    const merged = rows.merge([item, item]) as Tensor;
    expect(merged.type).toBe(type);
    expect(merged.dims).toEqual([2, 2]);
    expect(merged.data.constructor).toBe(item.data.constructor);
    expect([...(merged.data as Int32Array)]).toEqual([...data, ...data]);
  });

  it('keeps texts', () => {
    const item = new Tensor('string', ['a', 'b'], [1, 2]);
    const merged = rows.merge([item, item]);
    expect(plain(merged)).toEqual({ dims: [2, 2], data: ['a', 'b', 'a', 'b'] });
    expect(rows.split(merged, [1, 1], [item, item]).map(plain)).toEqual([item, item].map(plain));
  });

  it('takes several inputs, as a list or by name, and returns several outputs', () => {
    const list = (start: number): Tensor[] => [float([1, 2], start), float([1, 1], start)];
    expect(plain(rows.merge([list(0), list(5)]))).toEqual([
      { dims: [2, 2], data: [0, 1, 5, 6] },
      { dims: [2, 1], data: [0, 5] },
    ]);
    const named = [
      { b: float([1, 1]), a: float([1, 2]) },
      { a: float([1, 2], 7), b: float([1, 1], 9) },
    ];
    expect(rows.key(named[0])).toBe(rows.key(named[1]));
    const merged = rows.merge(named);
    expect(plain(merged)).toEqual({
      a: { dims: [2, 2], data: [0, 1, 7, 8] },
      b: { dims: [2, 1], data: [0, 9] },
    });
    expect(rows.split(merged, [1, 1], named).map(plain)).toEqual(named.map(plain));
    expect(plain(rows.split([float([2, 1]), float([2])], [1, 1], named))).toEqual([
      [
        { dims: [1, 1], data: [0] },
        { dims: [1], data: [0] },
      ],
      [
        { dims: [1, 1], data: [1] },
        { dims: [1], data: [1] },
      ],
    ]);
  });

  it('splits results that are lists with one element per row', () => {
    const items = [float([1, 1]), float([2, 1])];
    expect(rows.split(['a', 'b', 'c'], [1, 2], items)).toEqual([['a'], ['b', 'c']]);
  });

  it('distinguishes items that cannot share a run', () => {
    const keys = [
      float([1, 3]),
      float([1, 4]),
      float([1, 3, 1]),
      new Tensor('int32', Int32Array.of(1, 2, 3), [1, 3]),
      [float([1, 3])],
      [float([1, 3]), float([1, 3])],
      { a: float([1, 3]) },
      { b: float([1, 3]) },
    ].map((item) => rows.key(item));
    expect(new Set(keys).size).toBe(keys.length);
    expect(rows.key(float([5, 3]))).toBe(keys[0]);
  });

  it('divides and joins', () => {
    const item = { ids: ids([1, 2], [3, 4], [5, 6]), x: float([3, 1]) };
    const parts = rows.divide(item, 2);
    expect(parts.map((part) => rows.rows(part))).toEqual([2, 1]);
    expect(plain(rows.merge(parts))).toEqual(plain(item));
    expect(plain(rows.join(parts))).toEqual(plain(item));
    expect(rows.join([['a'], ['b', 'c']])).toEqual(['a', 'b', 'c']);
    expect(plain(rows.join([[float([1])], [float([2])]]))).toEqual([
      { dims: [3], data: [0, 0, 1] },
    ]);
  });

  it.each([
    ['a string', 'text'],
    ['null', null],
    ['an array', [1, 2]],
    ['an array', []],
    ['a Object', {}],
    ['a Float32Array', new Float32Array(3)],
    ['a number', 3],
  ])('refuses %s', (name, item) => {
    expect(() => rows.rows(item)).toThrow(BatchInputError);
    expect(() => rows.rows(item)).toThrow(`The item is ${name}`);
  });

  it('refuses tensors without the batch dimension, or of different numbers of rows', () => {
    const scalar = new Tensor('float32', Float32Array.of(1), []);
    expect(() => rows.rows(scalar)).toThrow(BatchInputError);
    expect(() => tensorCodec({ batchDim: [1, 1] }).rows(float([3]))).toThrow('no dimension 1');
    expect(() => rows.rows([float([2, 1]), float([3, 1])])).toThrow('2 and 3 rows');
    expect(rows.rows(float([0, 3]))).toBe(0);
  });

  it('refuses results with a wrong number of rows', () => {
    const items = [float([1, 1]), float([2, 1])];
    for (const result of [float([2, 3]), new Tensor('float32', Float32Array.of(1), [])]) {
      expect(() => rows.split(result, [1, 2], items)).toThrow(BatchResultError);
    }
    expect(() => rows.split(['a'], [1, 2], items)).toThrow('an array of 1 elements');
    expect(() => rows.split(7, [1, 2], items)).toThrow('a number');
    expect(() => rows.split(undefined, [1, 2], items)).toThrow('undefined');
  });

  describe('with padding', () => {
    const padding = (options: Partial<NonNullable<TensorCodecOptions['padding']>> = {}) =>
      tensorCodec({
        batchDim: [0, 0],
        padding: { value: 9, side: 'right', multipleOf: 1, dim: -1, ...options },
      });

    /** Labels of tokens as long as the input, and two classes of the row. */
    const model = (input: unknown): Tensor[] => {
      const { dims, data } = input as Tensor;
      const labels = BigInt64Array.from(data as BigInt64Array, (id) => -id);
      return [new Tensor('int64', labels, dims), float([dims[0]!, 2])];
    };

    /** Runs of two widths tell the codec which outputs are as long as the input. */
    function learn(codec: ReturnType<typeof tensorCodec>): void {
      for (const item of [ids([1, 2]), ids([1, 2, 3])]) {
        codec.split(model(codec.merge([item])), [1], [item]);
      }
    }

    it('pads to the longest, and cuts back outputs as long as the input', () => {
      const codec = padding();
      learn(codec);
      const items = [ids([1, 2]), ids([3, 4, 5], [6, 7, 8])];
      expect(codec.key(items[0])).toBe(codec.key(items[1]));
      expect(items.map((item) => codec.width?.(item))).toEqual([2, 3]);
      const merged = codec.merge(items);
      expect(plain(merged)).toEqual({ dims: [3, 3], data: [1n, 2n, 9n, 3n, 4n, 5n, 6n, 7n, 8n] });
      expect(codec.split(model(merged), [1, 2], items).map(plain)).toEqual([
        [
          { dims: [1, 2], data: [-1n, -2n] },
          { dims: [1, 2], data: [0, 1] },
        ],
        [
          { dims: [2, 3], data: [-3n, -4n, -5n, -6n, -7n, -8n] },
          { dims: [2, 2], data: [2, 3, 4, 5] },
        ],
      ]);
    });

    it('pads on the left', () => {
      const codec = padding({ side: 'left' });
      learn(codec);
      const items = [ids([1]), ids([3, 4])];
      const merged = codec.merge(items);
      expect(plain(merged)).toEqual({ dims: [2, 2], data: [9n, 1n, 3n, 4n] });
      const [first] = codec.split(model(merged), [1, 1], items) as Tensor[][];
      expect(plain(first![0])).toEqual({ dims: [1, 1], data: [-1n] });
    });

    it('pads to a multiple, even a single item', () => {
      const codec = padding({ multipleOf: 4 });
      for (let round = 0; round < 3; round++) {
        for (const item of [ids([1, 2]), ids([1, 2, 3, 4, 5])]) {
          const merged = codec.merge([item]) as Tensor;
          expect(merged.dims[1]! % 4).toBe(0);
          const [output] = codec.split(model(merged), [1], [item]) as Tensor[][];
          expect(output![0]!.dims).toEqual(item.dims);
        }
      }
    });

    it('lets only equal lengths share a run until it knows the outputs', () => {
      const codec = padding();
      expect(codec.key(ids([1, 2]))).not.toBe(codec.key(ids([1])));
      const item = ids([1, 2]);
      // Two classes and two tokens: nothing tells which of them the output has.
      const [output] = codec.split(float([1, 2]), [1], [item]) as Tensor[];
      expect(output!.dims).toEqual([1, 2]);
      expect(codec.key(ids([1, 2]))).not.toBe(codec.key(ids([1])));
      codec.split(float([1, 2]), [1], [ids([1])]);
      expect(codec.key(ids([1, 2]))).toBe(codec.key(ids([1])));
    });

    it('never pads where the length of an output is neither fixed nor that of the input', () => {
      const codec = padding();
      codec.split(float([1, 1]), [1], [ids([1, 2])]);
      codec.split(float([1, 2]), [1], [ids([1, 2, 3, 4])]);
      codec.split(float([1, 3]), [1], [ids([1, 2, 3, 4, 5, 6])]);
      expect(codec.key(ids([1, 2]))).not.toBe(codec.key(ids([1])));
    });

    it('pads along the given dimension', () => {
      const codec = padding({ dim: 1 });
      for (const item of [float([1, 1, 2]), float([1, 3, 2])]) codec.split(item, [1], [item]);
      const items = [float([1, 1, 2]), float([1, 2, 2], 4)];
      const merged = codec.merge(items);
      expect(plain(merged)).toEqual({ dims: [2, 2, 2], data: [0, 1, 9, 9, 4, 5, 6, 7] });
      expect(codec.split(merged, [1, 1], items).map(plain)).toEqual(items.map(plain));
      expect(codec.key(float([1, 1, 3]))).not.toBe(codec.key(items[0]));
    });

    it('pads the inputs that are as long as the first, and no others', () => {
      const codec = padding();
      const item = (width: number): Tensor[] => [
        float([1, width]),
        float([1, width]),
        float([1, 7]),
      ];
      for (const width of [1, 2]) codec.split(float([1, 1]), [1], [item(width)]);
      const merged = codec.merge([item(1), item(3)]) as Tensor[];
      expect(merged.map(({ dims }) => dims)).toEqual([
        [2, 3],
        [2, 3],
        [2, 7],
      ]);
    });
  });

  it('gives each item the same result as alone, whatever is joined', () => {
    const dims = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
    );
    fc.assert(
      fc.property(
        dims,
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 1, max: 3 }),
        (shape, counts, along, maxRows) => {
          const codec = tensorCodec({ batchDim: [along, along] });
          const items = counts.map((count, index) => {
            const own = [...shape] as number[];
            own[along] = count;
            return float(own, 1000 * index);
          });
          const merged = codec.merge(items);
          expect(codec.split(merged, counts, items).map(plain)).toEqual(items.map(plain));
          const parts = codec.divide(merged, maxRows);
          expect(plain(codec.join(parts))).toEqual(plain(merged));
        },
      ),
    );
  });

  it('gives padded items the same result as alone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 6 })), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.constantFrom('left', 'right'),
        fc.integer({ min: 1, max: 4 }),
        (shapes, side, multipleOf) => {
          const codec = tensorCodec({
            batchDim: [0, 0],
            padding: { value: -1, side: side as 'left', multipleOf, dim: 1 },
          });
          for (const width of [multipleOf, 2 * multipleOf]) {
            const item = float([1, width, 2]);
            codec.split(item, [1], [item]);
          }
          const items = shapes.map(([count, width], index) =>
            float([count, width, 2], 100 * index),
          );
          const merged = codec.merge(items) as Tensor;
          const counts = shapes.map(([count]) => count);
          expect(codec.split(merged, counts, items).map(plain)).toEqual(items.map(plain));
        },
      ),
    );
  });
});
