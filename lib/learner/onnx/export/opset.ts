import type { Graph, Node } from '../graph.js';
import { LOWERED_OPSET } from '../proto/model-writer.js';

/** Supported opsets of a written graph. Before 11, nearly every operator has another form. */
export const OPSETS = { least: 11, most: 25 } as const;

/** The opsets in which a node written for 17 has the same meaning. */
interface Span {
  readonly from?: number;
  readonly to?: number;
  /** The same for a node with that attribute. */
  readonly attributes?: Readonly<Record<string, Omit<Span, 'attributes'>>>;
}

/** Since 18 the axes are an operand. */
const REDUCTION: Span = { attributes: { axes: { to: 17 } } };

/**
 * Changes between the opsets other than element types, which onnxruntime checks when it loads the
 * model. Operators that are not listed are the same in all opsets.
 */
const SPANS: ReadonlyMap<string, Span> = new Map<string, Span>([
  ['ArgMax', { attributes: { select_last_index: { from: 12 } } }],
  ['ArgMin', { attributes: { select_last_index: { from: 12 } } }],
  ['BatchNormalization', { attributes: { training_mode: { from: 14 } } }],
  ['Celu', { from: 12 }],
  ['Einsum', { from: 12 }],
  ['GRU', { attributes: { layout: { from: 14 } } }],
  ['GatherND', { attributes: { batch_dims: { from: 12 } } }],
  ['GreaterOrEqual', { from: 12 }],
  // In 20 the modes have other names.
  ['GridSample', { from: 16, to: 19 }],
  ['HardSwish', { from: 14 }],
  ['LSTM', { attributes: { layout: { from: 14 } } }],
  ['LayerNormalization', { from: 17 }],
  ['LessOrEqual', { from: 12 }],
  // Before 13 they apply to all axes from the given one on.
  ['LogSoftmax', { from: 13 }],
  ['Softmax', { from: 13 }],
  ['RNN', { attributes: { layout: { from: 14 } } }],
  ['ReduceL1', REDUCTION],
  ['ReduceL2', REDUCTION],
  ['ReduceLogSumExp', REDUCTION],
  ['ReduceMax', REDUCTION],
  ['ReduceMean', REDUCTION],
  ['ReduceMin', REDUCTION],
  ['ReduceProd', REDUCTION],
  ['ReduceSum', { from: 13 }],
  ['ReduceSumSquare', REDUCTION],
  ['Reshape', { attributes: { allowzero: { from: 14 } } }],
  ['ScatterElements', { attributes: { reduction: { from: 16 } } }],
  ['ScatterND', { attributes: { reduction: { from: 16 } } }],
  ['Shape', { attributes: { start: { from: 15 }, end: { from: 15 } } }],
  ['Split', { from: 13 }],
  ['Squeeze', { from: 13 }],
  ['Trilu', { from: 14 }],
  ['Unsqueeze', { from: 13 }],
]);

/** Operators of a graph that are missing from an opset, or have another meaning there; in order. */
export function operatorsBeyond(graph: Graph, opset: number): string[] {
  if (opset === LOWERED_OPSET) return [];
  return [...new Set(graph.nodes.filter((node) => !isSame(node, opset)).map(({ op }) => op))];
}

/** Operators of other domains than ONNX's own: `com.microsoft.DynamicQuantizeMatMul`. */
export function foreignOperators({ nodes }: Graph): string[] {
  return [
    ...new Set(nodes.flatMap(({ op, domain }) => (domain === '' ? [] : [`${domain}.${op}`]))),
  ];
}

function isSame({ op, inputs, attributes }: Node, opset: number): boolean {
  // Without sizes it splits equally, and since 18 the number of parts must be given.
  if (op === 'Split' && opset > 17 && !inputs[1]) return false;
  const { attributes: byName = {}, ...span } = SPANS.get(op) ?? {};
  const ofAttributes = [...attributes.keys()].map((name) =>
    Object.hasOwn(byName, name) ? byName[name]! : {},
  );
  return [span, ...ofAttributes].every(
    ({ from = OPSETS.least, to = OPSETS.most }) => from <= opset && opset <= to,
  );
}
