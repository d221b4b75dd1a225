import { AsyncLocalStorage } from 'node:async_hooks';
import type { InferenceSession, OnnxValue } from 'onnxruntime-common';
import type { Graph } from '../graph.js';
import type { ModelSession } from './model-session.js';

/** A model's graph before its session. */
export interface CapturedGraph {
  readonly graph: Graph;
  /** Additional facts for the caller of the session. */
  readonly facts: unknown;
  /** Whether the graph is for one size only, because the model's code branches on it. */
  readonly isSized: boolean;
}

/** The last inputs of a session, and its outputs. */
export interface CapturedRun {
  readonly feeds: InferenceSession.FeedsType;
  readonly outputs: Readonly<Record<string, OnnxValue>>;
}

/** Observes the graphs of opened models, and their inputs. */
export interface GraphCapture {
  /** Called while the file is open: weights are still readable. */
  onGraph(captured: CapturedGraph): Promise<void>;
  onRun(run: CapturedRun): void;
  /** Called for graphs of code on tensors outside the model: inputs x0, x1..., outputs y0... */
  onCode?(graph: Graph): void;
}

const captures = new AsyncLocalStorage<GraphCapture>();

/**
 * Lets `capture` see every model that `work` opens. Graphs are lowered again: caches are ignored.
 */
export function capturingGraphs<T>(capture: GraphCapture, work: () => Promise<T>): Promise<T> {
  return captures.run(capture, work);
}

/** The observer of this call's graphs; usually none. */
export function graphCapture(): GraphCapture | undefined {
  return captures.getStore();
}

/** The same session, with observed runs. */
export function observed(session: ModelSession, capture: GraphCapture): ModelSession {
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    inputMetadata: session.inputMetadata,
    outputMetadata: session.outputMetadata,
    run: async (feeds, fetches) => {
      const outputs = await session.run(feeds, fetches);
      capture.onRun({ feeds, outputs });
      return outputs;
    },
    release: () => session.release(),
  };
}
