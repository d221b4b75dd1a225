import { Tensor } from 'onnxruntime-common';
import { classesAxis, operatorOf } from '../fastai/losses/activations.js';
import type { Loss } from '../fastai/losses/loss.js';
import { chainGraphs } from '../onnx/export/chain-graphs.js';
import { GraphBuilder } from '../onnx/graph-builder.js';
import { Value, type Dim, type Graph } from '../onnx/graph.js';
import { capturingGraphs } from '../onnx/session/capture-graph.js';
import { UnexportableModelError } from './errors.js';

/** The step after the model: nothing, or a graph that takes its output. */
export interface Activation {
  readonly after: Graph | undefined;
  /** `softmax`, `sigmoid`, `none`, or `code` for the user's own code. */
  readonly name: string;
}

/** @throws UnexportableModelError if the user's own code needs sizes. */
export async function activationOf(loss: Loss, output: Value): Promise<Activation> {
  const known = operatorOf(loss.activation);
  if (known === undefined) return codeActivation(loss, output);
  if (known.op === 'Identity') return { after: undefined, name: 'none' };
  const axis = known.op === 'Softmax' ? (known.axis ?? classesAxis(output.rank ?? 2)) : undefined;
  const builder = new GraphBuilder('activation');
  const given = builder.input(output.name, output.dtype, output.shape ?? []);
  builder.output(
    'activated',
    builder.op(known.op, [given], { ...(axis !== undefined && { axis }) }),
  );
  return { after: builder.finish(), name: known.op.toLowerCase() };
}

/** The error of a learner that a file with one output cannot stand for. */
export function severalResults(count: number): UnexportableModelError {
  return new UnexportableModelError(
    `The learner predicts ${count} results, and the file holds one with its activation`,
    'Export the bare model with pytorch.saveModel(name, learner.model) and vts export',
  );
}

/** The graph that the code traces for one row of zeros. */
async function codeActivation(loss: Loss, output: Value): Promise<Activation> {
  const dims = (output.shape ?? [1, 2]).map((size, axis) =>
    axis === 0 ? 1 : typeof size === 'number' ? size : 2,
  );
  const zeros = new Float32Array(dims.reduce((product, size) => product * size, 1));
  let graph: Graph | undefined;
  const capture = {
    onGraph: () => Promise.resolve(),
    onRun: () => undefined,
    onCode: (made: Graph) => (graph = made),
  };
  await capturingGraphs(capture, async () => loss.activation(new Tensor('float32', zeros, dims)));
  if (!graph) return { after: undefined, name: 'code' };
  if (graph.outputs.length > 1) throw severalResults(graph.outputs.length);
  const [only, ...others] = graph.inputs;
  if (!only || others.length > 0 || only.shape?.every((size) => typeof size === 'number')) {
    throw new UnexportableModelError(
      'The activation of the loss is code that depends on the sizes of its input, and one ' +
        'graph cannot hold it',
      'Export the model without it: --raw, or { raw: true }',
    );
  }
  const names = new Map([[only.name, output.name]]);
  const after = chainGraphs('activation', [graph], { inputs: names });
  // Its sizes are named after its input's: x0.0, x0.1...
  const sizeOf = (size: Dim): Dim => {
    const axis = typeof size === 'string' ? /^x0\.(\d+)$/.exec(size)?.[1] : undefined;
    return axis === undefined ? size : (output.shape?.[Number(axis)] ?? null);
  };
  const outputs = after.outputs.map(
    (value) => new Value(value.name, value.dtype, value.shape?.map(sizeOf)),
  );
  return { after: { ...after, outputs }, name: 'code' };
}
