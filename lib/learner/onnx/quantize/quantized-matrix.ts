import type { TensorData } from '../graph.js';
import { lazyTensorData } from '../tensor-data.js';

/** A matrix of weights in 8 bits. */
export interface QuantizedMatrix {
  /** int8 [..., inputs, outputs]. */
  readonly elements: TensorData;
  /** float32 [..., outputs]: an element times its output's scale is the weight. */
  readonly scales: TensorData;
  /** int8 [..., outputs]: zeros. */
  readonly zeros: TensorData;
}

/** Symmetric, so that zero stays zero: -128 is not used. */
const MOST = 127;

/**
 * Quantizes float32 weights [..., inputs, outputs], or with `transposed` [..., outputs, inputs],
 * while they are written. All dimensions except the last two stay separate.
 */
export function quantizedMatrix(weights: TensorData, transposed: boolean): QuantizedMatrix {
  const lead = weights.dims.slice(0, -2);
  const [rows, columns] = weights.dims.slice(-2) as [number, number];
  const [inputs, outputs] = transposed ? [columns, rows] : [rows, columns];
  const blocks = lead.reduce((product, size) => product * size, 1);
  let known: Float32Array | undefined;
  const scalesOf = (values: Float32Array): Float32Array =>
    (known ??= scales(values, { blocks, inputs, outputs, transposed }));
  return {
    elements: lazyTensorData('int8', [...lead, inputs, outputs], () => {
      const values = floatsOf(weights);
      return quantize(values, scalesOf(values), { blocks, inputs, outputs, transposed });
    }),
    scales: lazyTensorData(
      'float32',
      [...lead, outputs],
      () => known ?? scalesOf(floatsOf(weights)),
    ),
    zeros: lazyTensorData('int8', [...lead, outputs], () => new Int8Array(blocks * outputs)),
  };
}

interface Layout {
  readonly blocks: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly transposed: boolean;
}

function scales(values: Float32Array, layout: Layout): Float32Array {
  const { blocks, inputs, outputs, transposed } = layout;
  const most = new Float32Array(blocks * outputs);
  const size = inputs * outputs;
  for (let i = 0; i < values.length; i++) {
    const block = Math.floor(i / size);
    const at = i - block * size;
    const output = block * outputs + (transposed ? Math.floor(at / inputs) : at % outputs);
    const magnitude = Math.abs(values[i]!);
    if (magnitude > most[output]!) most[output] = magnitude;
  }
  return most.map((value) => (value > 0 ? value / MOST : 1));
}

function quantize(values: Float32Array, scale: Float32Array, layout: Layout): Int8Array {
  const { blocks, inputs, outputs, transposed } = layout;
  const result = new Int8Array(values.length);
  for (let block = 0; block < blocks; block++) {
    const start = block * inputs * outputs;
    for (let output = 0; output < outputs; output++) {
      const by = scale[block * outputs + output]!;
      for (let input = 0; input < inputs; input++) {
        const from = start + (transposed ? output * inputs + input : input * outputs + output);
        const near = Math.round(values[from]! / by);
        result[start + input * outputs + output] = Math.max(-MOST, Math.min(MOST, near));
      }
    }
  }
  return result;
}

/** The elements of a float32 tensor. */
export function floatsOf(data: TensorData): Float32Array {
  const bytes = new Uint8Array(data.byteLength);
  let end = 0;
  for (const chunk of data.chunks()) {
    bytes.set(chunk, end);
    end += chunk.byteLength;
  }
  return new Float32Array(bytes.buffer);
}
