import type { OpSchema } from './schema.js';

/** Operators that read and write at computed positions. */
export const indexingOps: Readonly<Record<string, OpSchema>> = {
  /** One row per dimension, one column per position. */
  NonZero: {
    inputs: [1, 1],
    infer: (call) => [{ dtype: 'int64', shape: [call.input(0).rank ?? null, null] }],
  },
  GatherND: {
    inputs: [2, 2],
    attributes: { batch_dims: 'int' },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const indices = call.expect(1, 'int64').shape;
      const batch = call.int('batch_dims', 0);
      const width = indices?.at(-1);
      if (!shape || !indices || typeof width !== 'number') return [{ dtype, shape: undefined }];
      return [{ dtype, shape: [...indices.slice(0, -1), ...shape.slice(batch + width)] }];
    },
  },
  ScatterElements: {
    inputs: [3, 3],
    attributes: { axis: 'int', reduction: 'string' },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      call.expect(1, 'int32', 'int64');
      if (call.input(2).dtype !== dtype) call.fail('ScatterElements writes a different type');
      return [{ dtype, shape }];
    },
  },
};
