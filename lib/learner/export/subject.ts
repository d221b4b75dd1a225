import type { Tensor } from 'onnxruntime-common';
import type { CapturedGraph, CapturedRun } from '../onnx/session/capture-graph.js';
import type { Activation } from './activation.js';
import type { Wrapping } from './wrapping.js';

/** What is exported: a learner or a model of the PyTorch layer, and how it is opened and asked. */
export interface Subject {
  /** Opens the model; its graph is seen then, or when it runs. */
  open(): Promise<OpenSubject>;
  wrap(captured: CapturedGraph): Wrapping;
  /** What comes behind the model's first output. */
  activation(captured: CapturedGraph): Promise<Activation>;
  /** Whether the first size of the first output is surely the batch's. */
  readonly rowsFirst: boolean;
  /** What the first output is called. */
  outputName(activation: Activation): string | undefined;
  release(): Promise<void>;
}

export interface OpenSubject {
  /** What the model is and answers, for the metadata: plain data. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Names of the classes, and the token of each id, where the model has them. */
  readonly classes?: readonly string[];
  readonly tokens?: readonly string[];
  /** Undefined where none can be made up. */
  sampleItem(): unknown;
  /**
   * Asks the model. @returns what its first output becomes; undefined for the output of the run
   * itself.
   */
  ask(item: unknown): Promise<Tensor | undefined>;
  release(): Promise<void>;
}

/** What was seen of the model on the way. */
export interface Seen {
  readonly wrapping: Wrapping;
  readonly activation: Activation;
  /** Names of the file's outputs, by those of the model's graph. */
  readonly outputs: ReadonlyMap<string, string>;
  run: CapturedRun | undefined;
}
