import type { Tensor } from 'onnxruntime-common';
import type { Graph } from '../onnx/graph.js';
import type { CapturedRun } from '../onnx/session/capture-graph.js';

/** How a model's graph becomes one for other programs. */
export interface Wrapping {
  /** Gives the model's inputs, by their names in its graph, and takes the file's inputs. */
  readonly before?: Graph;
  /** Names of the inputs: those of `before`, or the model's own. */
  readonly inputs?: ReadonlyMap<string, string>;
  /** Names of the model's outputs. */
  readonly outputs?: ReadonlyMap<string, string>;
  /** The inputs of the file for an item; `given` is what the model received for that item. */
  feeds(run: CapturedRun, item: unknown): Readonly<Record<string, Tensor>>;
  /** The preprocessing that the caller does, and what the graph does: plain data. */
  readonly preprocessing: Readonly<Record<string, unknown>>;
  /** Sentences that say what differs from what was asked for. */
  readonly notes?: readonly string[];
}

/** A wrapping that takes the model's own inputs, perhaps by other names. */
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
