import type { Graph, Node } from '../graph.js';
import { WeightQuantizer } from './weight-quantizer.js';

/**
 * The same graph with the weights of matrix products and LSTMs in 8 bits: signed, symmetric, one
 * scale per output. The other operand is quantized at run time. Everything else computes in float32
 * as before.
 */
export function quantizeGraph(graph: Graph): Graph {
  const weights = new Map(graph.initializers.map(({ name, data }) => [name, data]));
  const quantizer = new WeightQuantizer(weights);
  const nodes = graph.nodes.map((node) => quantizer.node(node));
  const used = new Set(namesIn(nodes));
  for (const { name } of graph.outputs) used.add(name);
  const initializers = [...graph.initializers, ...quantizer.added].filter(({ name }) =>
    used.has(name),
  );
  return { ...graph, nodes, initializers };
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
