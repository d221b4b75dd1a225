import type { Tensor } from 'onnxruntime-common';
import type { CapturedGraph, CapturedRun } from '../onnx/session/capture-graph.js';
import type { Activation } from './activation.js';
import type { Wrapping } from './wrapping.js';

/** The exported object: a learner or a model of the PyTorch layer, and how it is opened and run. */
export interface Subject {
  /** Opens the model; its graph is captured then, or when it runs. */
  open(): Promise<OpenSubject>;
  wrap(captured: CapturedGraph): Wrapping;
  /** The step after the model's first output. */
  activation(captured: CapturedGraph): Promise<Activation>;
  /** Whether the first size of the first output is certainly the batch's. */
  readonly rowsFirst: boolean;
  /** The name of the first output. */
  outputName(activation: Activation): string | undefined;
  release(): Promise<void>;
}

export interface OpenSubject {
  /** The description of the model and its output, for the metadata: plain data. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Names of the classes, and the token of each id, if the model has them. */
  readonly classes?: readonly string[];
  readonly tokens?: readonly string[];
  /** Undefined if none can be made up. */
  sampleItem(): unknown;
  /** Runs the model. @returns what its first output becomes; undefined for the raw output. */
  ask(item: unknown): Promise<Tensor | undefined>;
  release(): Promise<void>;
}

/** The facts from a run of the model. */
export interface Seen {
  readonly wrapping: Wrapping;
  readonly activation: Activation;
  /** Names of the file's outputs, by the output names of the model's graph. */
  readonly outputs: ReadonlyMap<string, string>;
  run: CapturedRun | undefined;
}
