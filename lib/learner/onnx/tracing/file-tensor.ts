import type { Tensor } from '../../torch/tensor.js';
import type { Value as GraphValue } from '../graph.js';
import type { TorchEnv } from '../torch-ops/env.js';
import { graphDType } from '../torch-ops/promotion.js';
import { TensorValue, type TorchDType } from '../torch-ops/tensor-value.js';

/** Few enough that code may branch on the elements. */
const MOST_KNOWN = 16;

/** A tensor of the file, as a weight or constant of the graph in progress. */
export function fileTensor(env: () => TorchEnv, tensor: Tensor, name: string): TensorValue {
  const dtype = torchDTypeOf(tensor, env);
  const wanted = graphDType(dtype);
  const read = (): GraphValue => {
    const { graph } = env();
    if (tensor.numel <= MOST_KNOWN || tensor.dtype === 'int16') {
      return graph.constant(tensor.toNumbers(), wanted, tensor.shape);
    }
    const value = graph.initializer(tensor, name);
    return value.dtype === wanted ? value : graph.op('Cast', [value], { to: wanted });
  };
  // One value per graph: the same tensor, the same node.
  const values = new WeakMap<object, GraphValue>();
  const held = (): GraphValue => {
    const { graph } = env();
    let value = values.get(graph);
    if (!value) values.set(graph, (value = read()));
    return value;
  };
  const made = new TensorValue(held, dtype, env);
  made.frozen = `the tensor ${name} of the file`;
  made.contiguous = tensor.isContiguous;
  return made;
}

function torchDTypeOf(tensor: Tensor, env: () => TorchEnv): TorchDType {
  switch (tensor.dtype) {
    case 'float16':
    case 'bfloat16':
    case 'float8_e4m3fn':
    case 'float8_e5m2':
      return 'float32';
    case 'float32':
    case 'float64':
    case 'int64':
    case 'int32':
    case 'int16':
    case 'int8':
    case 'uint8':
    case 'bool':
      return tensor.dtype;
    default:
      throw env().ctx.unsupported(`a tensor of ${tensor.dtype}`);
  }
}
