import type { Attribute, Initializer, Node, TensorData } from '../graph.js';
import { quantizedMatrix } from './quantized-matrix.js';

/** Below this number of elements, quantizing the other operand would take longer than it saves. */
const SMALLEST = 1024;

/** Replaces operations with known weights by their 8-bit forms. */
export class WeightQuantizer {
  /** The operands of the new operations in place of the weights. */
  readonly added: Initializer[] = [];

  /** @param weights Constants of the graph, by value name. */
  constructor(private readonly weights: ReadonlyMap<string, TensorData>) {}

  /** The 8-bit operation; the same object if it does not change. */
  node(node: Node): Node {
    if (node.domain !== '' && node.domain !== 'ai.onnx') return node;
    switch (node.op) {
      case 'MatMul':
        return this.#matMul(node, node.inputs[1], false, '');
      case 'Gemm':
        return this.#gemm(node);
      case 'LSTM':
        return this.#lstm(node);
      default:
        return node;
    }
  }

  #gemm(node: Node): Node {
    const { inputs, attributes } = node;
    const int = (name: string): number => numberOf(attributes.get(name)) ?? 0;
    const scaled = ['alpha', 'beta'].some((name) => (numberOf(attributes.get(name)) ?? 1) !== 1);
    const transposed = int('transB') === 1;
    const width = this.weights.get(inputs[1] ?? '')?.dims[transposed ? 0 : 1];
    const bias = inputs[2] ?? '';
    const biasDims = this.weights.get(bias)?.dims;
    const plainBias = bias === '' || (biasDims?.length === 1 && biasDims[0] === width);
    if (scaled || int('transA') === 1 || !plainBias) return node;
    return this.#matMul(node, inputs[1], transposed, bias);
  }

  #matMul(node: Node, name: string | undefined, transposed: boolean, bias: string): Node {
    const weight = this.#weight(name, 2);
    if (!weight) return node;
    const { elements, scales } = quantizedMatrix(weight, transposed);
    const tag = `${name}.int8${transposed ? '.t' : ''}`;
    return {
      ...node,
      op: 'DynamicQuantizeMatMul',
      domain: 'com.microsoft',
      inputs: [
        node.inputs[0]!,
        this.#add(tag, elements),
        this.#add(`${tag}.scale`, scales),
        '',
        bias,
      ],
      attributes: new Map(),
    };
  }

  #lstm(node: Node): Node {
    const [x = '', inputName, recurrentName, ...rest] = node.inputs;
    const input = this.#weight(inputName, 3);
    const recurrent = this.#weight(recurrentName, 3);
    if (!input || !recurrent) return node;
    // [batch, steps] instead of [steps, batch]: the quantized operation has no such form.
    if ((numberOf(node.attributes.get('layout')) ?? 0) !== 0) return node;
    const attributes = new Map(node.attributes);
    attributes.delete('layout');
    const [w, r] = [quantizedMatrix(input, true), quantizedMatrix(recurrent, true)];
    // Bias, lengths of the rows, two states and the peepholes, all optional.
    const optional = Array.from({ length: 5 }, (_, i) => rest[i] ?? '');
    return {
      ...node,
      op: 'DynamicQuantizeLSTM',
      domain: 'com.microsoft',
      attributes,
      inputs: [
        x,
        this.#add(`${inputName}.int8`, w.elements),
        this.#add(`${recurrentName}.int8`, r.elements),
        ...optional,
        this.#add(`${inputName}.int8.scale`, w.scales),
        this.#add(`${inputName}.int8.zero`, w.zeros),
        this.#add(`${recurrentName}.int8.scale`, r.scales),
        this.#add(`${recurrentName}.int8.zero`, r.zeros),
      ],
    };
  }

  #weight(name: string | undefined, rank: number): TensorData | undefined {
    const data = this.weights.get(name ?? '');
    if (data?.dtype !== 'float32' || data.dims.length !== rank) return undefined;
    return data.byteLength / 4 >= SMALLEST ? data : undefined;
  }

  /** One initializer, whatever the number of nodes that use it. */
  #add(name: string, data: TensorData): string {
    if (!this.added.some((each) => each.name === name)) this.added.push({ name, data });
    return name;
  }
}

function numberOf(attribute: Attribute | undefined): number | undefined {
  return attribute?.kind === 'int' || attribute?.kind === 'float' ? attribute.value : undefined;
}
