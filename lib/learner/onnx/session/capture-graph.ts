import { AsyncLocalStorage } from 'node:async_hooks';
import type { InferenceSession, OnnxValue } from 'onnxruntime-common';
import type { Graph } from '../graph.js';
import type { ModelSession } from './model-session.js';

/** A model's graph on the way to its session. */
export interface CapturedGraph {
  readonly graph: Graph;
  /** What the caller of the session is told beside it. */
  readonly facts: unknown;
  /** Whether the graph is for one size only, as code of the model branches on it. */
  readonly isSized: boolean;
}

/** What a session was given last, and what it answered. */
export interface CapturedRun {
  readonly feeds: InferenceSession.FeedsType;
  readonly outputs: Readonly<Record<string, OnnxValue>>;
}

/** Sees the graphs of models that are opened, and what they are run with. */
export interface GraphCapture {
  /** Called while the file is open: weights may still be read. */
  onGraph(captured: CapturedGraph): Promise<void>;
  onRun(run: CapturedRun): void;
  /** Called for graphs of code over tensors that are not the model: inputs x0, x1..., outputs y0... */
  onCode?(graph: Graph): void;
}

const captures = new AsyncLocalStorage<GraphCapture>();

/**
 * Lets `capture` see every model that `work` opens. Graphs are lowered anew: what is kept in folders
 * is left alone.
 */
export function capturingGraphs<T>(capture: GraphCapture, work: () => Promise<T>): Promise<T> {
  return captures.run(capture, work);
}

/** Who looks at the graphs of this call; nobody mostly. */
export function graphCapture(): GraphCapture | undefined {
  return captures.getStore();
}

/** The session as it is, whose runs are seen. */
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
