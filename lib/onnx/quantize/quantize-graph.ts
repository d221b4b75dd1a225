import type { Attribute, Graph, Initializer, Node, TensorData } from '../graph.js';
import { quantizedMatrix } from './quantized-matrix.js';

/** Weights of fewer elements stay as they are: quantizing the other operand would cost more than it saves. */
const SMALLEST = 1024;

/**
 * The same graph with the weights of matrix products and LSTMs in 8 bits: signed, symmetric, a scale for each output.
 * The other operand is quantized while it runs. Everything else computes in float32 as before.
 *
 * @internal
 */
export function quantizeGraph(graph: Graph): Graph {
  const quantizer = new Quantizer(graph);
  const nodes = graph.nodes.map((node) => quantizer.node(node));
  const used = new Set(namesIn(nodes));
  for (const { name } of graph.outputs) used.add(name);
  const initializers = [...graph.initializers, ...quantizer.added].filter(({ name }) =>
    used.has(name),
  );
  return { ...graph, nodes, initializers };
}

class Quantizer {
  readonly added: Initializer[] = [];
  readonly #weights: ReadonlyMap<string, TensorData>;

  constructor(graph: Graph) {
    this.#weights = new Map(graph.initializers.map(({ name, data }) => [name, data]));
  }

  node(node: Node): Node {
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
    const width = this.#weights.get(inputs[1] ?? '')?.dims[transposed ? 0 : 1];
    const bias = inputs[2] ?? '';
    const biasDims = this.#weights.get(bias)?.dims;
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
    const [w, r] = [quantizedMatrix(input, true), quantizedMatrix(recurrent, true)];
    // Bias, lengths of the rows, two states and the peepholes, which are there or not.
    const optional = Array.from({ length: 5 }, (_, i) => rest[i] ?? '');
    return {
      ...node,
      op: 'DynamicQuantizeLSTM',
      domain: 'com.microsoft',
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
    const data = this.#weights.get(name ?? '');
    if (data?.dtype !== 'float32' || data.dims.length !== rank) return undefined;
    return data.byteLength / 4 >= SMALLEST ? data : undefined;
  }

  /** One initializer, however many nodes use it. */
  #add(name: string, data: TensorData): string {
    if (!this.added.some((each) => each.name === name)) this.added.push({ name, data });
    return name;
  }
}

function numberOf(attribute: Attribute | undefined): number | undefined {
  return attribute?.kind === 'int' || attribute?.kind === 'float' ? attribute.value : undefined;
}

function* namesIn(nodes: readonly Node[]): Generator<string> {
  for (const { inputs, attributes } of nodes) {
    yield* inputs;
    for (const attribute of attributes.values()) {
      if (attribute.kind !== 'graph') continue;
      yield* namesIn(attribute.value.nodes);
      for (const { name } of attribute.value.outputs) yield name;
    }
  }
}
