import { dtypeCodes } from '../dtype.js';
import type { TensorData } from '../graph.js';
import type { FileNode } from '../proto/file-node.js';
import { readTensor, type FileTensor } from '../proto/file-tensor.js';
import { lazyTensorData } from '../tensor-data.js';
import { floatsOf } from './quantized-matrix.js';

/** Operations that exporters put between a weight and its matrix product. */
const CARRIERS = new Set(['Constant', 'Identity', 'Transpose']);

/** Whether a node can be omitted if nothing uses its output. */
export function isCarrier({ node }: FileNode): boolean {
  return CARRIERS.has(node.op) && node.domain === '';
}

/**
 * The float32 constants of an ONNX file, by value name: its initializers, the values of `Constant`
 * nodes, and both after `Identity` and `Transpose`.
 *
 * @param model Path of the file; undefined if it came as bytes.
 */
export function fileWeights(
  initializers: readonly FileTensor[],
  nodes: readonly FileNode[],
  model: string | undefined,
): ReadonlyMap<string, TensorData> {
  const weights = new Map<string, TensorData>();
  const add = (name: string, data: TensorData | undefined): void => {
    if (data) weights.set(name, data);
  };
  for (const tensor of initializers) add(tensor.name, floats(tensor));
  for (const each of nodes) {
    if (!isCarrier(each)) continue;
    const { op, inputs, outputs, attributes } = each.node;
    const [output = ''] = outputs;
    const from = weights.get(inputs[0] ?? '');
    if (op === 'Constant') add(output, each.value && floats(readTensor(each.value, model)));
    else if (op === 'Identity') add(output, from);
    else if (from) {
      const order = attributes.get('perm');
      const swaps =
        from.dims.length === 2 && (order?.kind !== 'ints' || order.value.join() === '1,0');
      if (swaps) add(output, transposed(from));
    }
  }
  return weights;
}

function floats({ dims, dataType, elements }: FileTensor): TensorData | undefined {
  const byteLength = dims.reduce((product, size) => product * size, 4);
  if (dataType !== dtypeCodes.float32 || elements?.byteLength !== byteLength) return undefined;
  return { dtype: 'float32', dims, byteLength, chunks: () => elements.chunks() };
}

function transposed(data: TensorData): TensorData {
  const [rows, columns] = data.dims as [number, number];
  return lazyTensorData('float32', [columns, rows], () => {
    const values = floatsOf(data);
    const result = new Float32Array(values.length);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        result[column * rows + row] = values[row * columns + column]!;
      }
    }
    return result;
  });
}
