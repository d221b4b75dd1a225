import type { Dim, Shape } from '../graph.js';
import type { AttributeKind, OpCall, OpSchema } from './schema.js';

const window: Readonly<Record<string, AttributeKind>> = {
  kernel_shape: 'ints',
  strides: 'ints',
  pads: 'ints',
  dilations: 'ints',
};

/** Spatial sizes after a sliding window. */
function windowed(call: OpCall, spatial: readonly Dim[], kernel: readonly Dim[]): Dim[] {
  const rank = spatial.length;
  const strides = call.ints('strides');
  const dilations = call.ints('dilations');
  const pads = call.ints('pads');
  return spatial.map((size, i) => {
    const extent = kernel[i] ?? null;
    if (call.attributes['auto_pad'] === 'SAME_UPPER') {
      return typeof size === 'number' ? Math.ceil(size / (strides?.[i] ?? 1)) : null;
    }
    if (typeof size !== 'number' || typeof extent !== 'number') return null;
    const padded = size + (pads?.[i] ?? 0) + (pads?.[i + rank] ?? 0);
    const room = padded - ((extent - 1) * (dilations?.[i] ?? 1) + 1);
    if (room < 0) call.fail(`${call.op}: a window of ${extent} over ${padded} positions`);
    const steps = room / (strides?.[i] ?? 1);
    return (call.int('ceil_mode', 0) === 1 ? Math.ceil(steps) : Math.floor(steps)) + 1;
  });
}

const conv: OpSchema = {
  inputs: [2, 3],
  attributes: { ...window, group: 'int', auto_pad: 'string' },
  infer: (call) => {
    const dtype = call.expectSame();
    const [x, w] = [call.input(0).shape, call.input(1).shape];
    if (!x || !w) return [{ dtype, shape: undefined }];
    if (x.length !== w.length)
      call.fail(`Conv of rank ${x.length} with a weight of rank ${w.length}`);
    const perGroup = w[1] ?? null;
    const channels = typeof perGroup === 'number' ? perGroup * call.int('group', 1) : null;
    call.unify(x[1] ?? null, channels, 'the channels and those of the weight');
    return [
      { dtype, shape: [x[0] ?? null, w[0] ?? null, ...windowed(call, x.slice(2), w.slice(2))] },
    ];
  },
};

const convTranspose: OpSchema = {
  inputs: [2, 3],
  attributes: { ...window, group: 'int', output_padding: 'ints' },
  infer: (call) => {
    const dtype = call.expectSame();
    const [x, w] = [call.input(0).shape, call.input(1).shape];
    if (!x || !w) return [{ dtype, shape: undefined }];
    call.unify(x[1] ?? null, w[0] ?? null, 'the channels and those of the weight');
    const rank = x.length - 2;
    const pads = call.ints('pads');
    const spatial = x.slice(2).map((size, i): Dim => {
      const extent = w[i + 2];
      if (typeof size !== 'number' || typeof extent !== 'number') return null;
      return (
        (size - 1) * (call.ints('strides')?.[i] ?? 1) -
        (pads?.[i] ?? 0) -
        (pads?.[i + rank] ?? 0) +
        (extent - 1) * (call.ints('dilations')?.[i] ?? 1) +
        (call.ints('output_padding')?.[i] ?? 0) +
        1
      );
    });
    const perGroup = w[1];
    const out = typeof perGroup === 'number' ? perGroup * call.int('group', 1) : null;
    return [{ dtype, shape: [x[0] ?? null, out, ...spatial] }];
  },
};

function pool(attributes: Readonly<Record<string, AttributeKind>>): OpSchema {
  return {
    inputs: [1, 1],
    attributes: { ...window, ceil_mode: 'int', auto_pad: 'string', ...attributes },
    infer: (call) => {
      const { dtype, shape } = call.expect(0, 'float32');
      const kernel = call.ints('kernel_shape') ?? [];
      if (!shape) return [{ dtype, shape: undefined }];
      return [{ dtype, shape: [...shape.slice(0, 2), ...windowed(call, shape.slice(2), kernel)] }];
    },
  };
}

/** MaxPool with its second output, whose computation takes time. */
const maxPoolWithIndices: OpSchema = {
  ...pool({}),
  type: 'MaxPool',
  infer: (call) => {
    const { dtype, shape } = pool({}).infer(call)[0]!;
    return [
      { dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
};

const globalPool: OpSchema = {
  inputs: [1, 1],
  infer: (call) => {
    const { dtype, shape } = call.expect(0, 'float32');
    return [{ dtype, shape: shape?.map((dim, i) => (i < 2 ? dim : 1)) }];
  },
};

/** The sizes in a vector operand, if it is a constant. */
function sizesOf(call: OpCall, index: number): Shape {
  return call.inputs[index]?.known ?? call.input(0).shape?.map(() => null);
}

/** Operators on images: windows, borders and changes of size. */
export const spatialOps: Readonly<Record<string, OpSchema>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool({}),
  MaxPoolWithIndices: maxPoolWithIndices,
  AveragePool: pool({ count_include_pad: 'int' }),
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  InstanceNormalization: {
    inputs: [3, 3],
    attributes: { epsilon: 'float' },
    infer: (call) => [{ dtype: call.expectSame(), shape: call.input(0).shape }],
  },
  Pad: {
    inputs: [2, 3],
    attributes: { mode: 'string' },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const pads = call.inputs[1]?.known;
      const rank = shape?.length ?? 0;
      return [
        {
          dtype,
          shape: shape?.map((dim, i) =>
            pads && typeof dim === 'number' ? dim + (pads[i] ?? 0) + (pads[i + rank] ?? 0) : null,
          ),
        },
      ];
    },
  },
  Resize: {
    inputs: [1, 4],
    attributes: {
      mode: 'string',
      coordinate_transformation_mode: 'string',
      nearest_mode: 'string',
      cubic_coeff_a: 'float',
    },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      if (call.inputs[3]) {
        const sizes = sizesOf(call, 3);
        // The first two sizes are the operand's own in every resize of this package.
        return [{ dtype, shape: sizes?.map((dim, i) => (i < 2 ? (shape?.[i] ?? dim) : dim)) }];
      }
      const scales = call.inputs[2]?.known;
      const scaled = (dim: Dim, i: number): Dim =>
        typeof dim === 'number' && scales ? Math.floor(dim * (scales[i] ?? 1)) : null;
      return [{ dtype, shape: shape?.map((dim, i) => (i < 2 ? dim : scaled(dim, i))) }];
    },
  },
  GridSample: {
    inputs: [2, 2],
    attributes: { mode: 'string', padding_mode: 'string', align_corners: 'int' },
    infer: (call) => {
      const [x, grid] = [call.expectRank(0, 4), call.expectRank(1, 4)];
      const lead = [x.shape?.[0] ?? null, x.shape?.[1] ?? null];
      return [
        { dtype: x.dtype, shape: [...lead, grid.shape?.[1] ?? null, grid.shape?.[2] ?? null] },
      ];
    },
  },
  DepthToSpace: {
    inputs: [1, 1],
    attributes: { blocksize: 'int', mode: 'string' },
    infer: (call) => {
      const { dtype, shape } = call.expectRank(0, 4);
      const block = call.int('blocksize', 1);
      const scaled = (dim: Dim | undefined, by: number): Dim =>
        typeof dim === 'number' ? dim * by : null;
      if (!shape) return [{ dtype, shape: undefined }];
      return [
        {
          dtype,
          shape: [
            shape[0] ?? null,
            scaled(shape[1], 1 / block ** 2),
            scaled(shape[2], block),
            scaled(shape[3], block),
          ],
        },
      ];
    },
  },
};
