import { Tensor } from 'onnxruntime-common';

/** A tensor as outer x axis x inner, for functions that work along one axis. */
interface AxisView {
  readonly data: Float32Array;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

function axisView(tensor: Tensor, axis: number): AxisView {
  const { dims } = tensor;
  const at = axis < 0 ? axis + dims.length : axis;
  let outer = 1;
  let inner = 1;
  for (let dim = 0; dim < at; dim++) outer *= dims[dim]!;
  for (let dim = at + 1; dim < dims.length; dim++) inner *= dims[dim]!;
  return { data: tensor.data as Float32Array, outer, size: dims[at] ?? 1, inner };
}

/** `F.softmax(x, dim=axis)` of a float32 tensor; shape kept. */
export function softmax(x: Tensor, axis: number): Tensor {
  const { data, outer, size, inner } = axisView(x, axis);
  const out = new Float32Array(data.length);
  // Two classes are the most common case, and long tables have many rows. This computes the same
  // sums without an array.
  if (size === 2 && inner === 1) softmaxOfTwo(data, out);
  else {
    const powers = new Float64Array(size);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const base = o * size * inner + i;
        let max = -Infinity;
        for (let k = 0; k < size; k++) max = Math.max(max, data[base + k * inner]!);
        let sum = 0;
        for (let k = 0; k < size; k++) {
          const below = data[base + k * inner]! - max;
          sum += powers[k] = below === 0 ? 1 : Math.exp(below);
        }
        for (let k = 0; k < size; k++) out[base + k * inner] = powers[k]! / sum;
      }
    }
  }
  return new Tensor('float32', out, x.dims);
}

function softmaxOfTwo(data: Float32Array, out: Float32Array): void {
  for (let at = 0; at < data.length; at += 2) {
    const above = data[at]! - data[at + 1]!;
    const power = Math.exp(-Math.abs(above));
    const sum = 1 + power;
    // A branch predictor cannot guess which one is larger, and an array index costs less than a
    // wrong guess.
    const larger = at + Number(above < 0);
    out[larger] = 1 / sum;
    out[2 * at + 1 - larger] = power / sum;
    // Infinity minus itself is NaN, and NaN is neither larger nor smaller.
    if (data[larger] === Infinity || above !== above) out[at] = out[at + 1] = NaN;
  }
}

/**
 * `x.argmax(dim=axis)` as int64, without that axis in the shape. The first of equal values wins.
 */
export function argmax(x: Tensor, axis: number): Tensor {
  const { data, outer, size, inner } = axisView(x, axis);
  const out = new BigInt64Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const base = o * size * inner + i;
      let best = 0;
      for (let k = 1; k < size; k++) {
        if (data[base + k * inner]! > data[base + best * inner]!) best = k;
      }
      out[o * inner + i] = BigInt(best);
    }
  }
  const at = axis < 0 ? axis + x.dims.length : axis;
  return new Tensor(
    'int64',
    out,
    x.dims.filter((_, dim) => dim !== at),
  );
}

/** `torch.sigmoid(x)`. */
export function sigmoid(x: Tensor): Tensor {
  const data = (x.data as Float32Array).map((value) => 1 / (1 + Math.exp(-value)));
  return new Tensor('float32', data, x.dims);
}

/** `x > threshold` as a bool tensor. */
export function greaterThan(x: Tensor, threshold: number): Tensor {
  // torch compares a float32 tensor with the threshold rounded to float32.
  const limit = Math.fround(threshold);
  const data = Uint8Array.from(x.data as Float32Array, (value) => (value > limit ? 1 : 0));
  return new Tensor('bool', data, x.dims);
}
