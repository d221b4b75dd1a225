import type { InferenceSession, OnnxValue } from 'onnxruntime-common';

/** A ready model: one graph, or one for each size of its inputs. */
export interface ModelSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** The model's inputs, by name: element type and sizes. */
  readonly inputMetadata: readonly InferenceSession.ValueMetadata[];
  readonly outputMetadata: readonly InferenceSession.ValueMetadata[];
  /** @throws SessionReleasedError after `release()`. */
  run(
    feeds: InferenceSession.FeedsType,
    fetches?: readonly string[],
  ): Promise<Readonly<Record<string, OnnxValue>>>;
  release(): Promise<void>;
}
