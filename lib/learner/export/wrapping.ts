import type { Tensor } from 'onnxruntime-common';
import type { Graph } from '../onnx/graph.js';
import type { CapturedRun } from '../onnx/session/capture-graph.js';

/** How a model's graph becomes one for other programs. */
export interface Wrapping {
  /** Gives the model's inputs, by their names in its graph, and takes those of the file. */
  readonly before?: Graph;
  /** What the inputs are called: those of `before`, or the model's own. */
  readonly inputs?: ReadonlyMap<string, string>;
  /** What the model's outputs are called. */
  readonly outputs?: ReadonlyMap<string, string>;
  /** The inputs of the file, for an item of which it is known what the model was given. */
  feeds(run: CapturedRun, item: unknown): Readonly<Record<string, Tensor>>;
  /** What a caller has to do beforehand, and what the graph does: plain data. */
  readonly preprocessing: Readonly<Record<string, unknown>>;
  /** In sentences: what is not as it was asked for. */
  readonly notes?: readonly string[];
}

/** A wrapping that takes what the model takes, perhaps by other names. */
export function plainWrapping(
  names: ReadonlyMap<string, string>,
  preprocessing: Readonly<Record<string, unknown>>,
  notes: readonly string[] = [],
): Wrapping {
  return {
    inputs: names,
    feeds: ({ feeds }) =>
      Object.fromEntries(
        Object.entries(feeds).map(([name, value]) => [names.get(name) ?? name, value as Tensor]),
      ),
    preprocessing,
    notes,
  };
}
