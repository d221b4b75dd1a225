import type { ModelInputDType } from '../pytorch/index.js';

/** What an exported file is to be like. @publicApi */
export interface ExportOptions {
  /**
   * The version of ONNX's operators, 11 to 25.
   *
   * @default 17, in which graphs are made
   */
  readonly opset?: number;
  /**
   * Whether what fastai does to values before the model sees them is in the graph: `Normalize` and
   * the division by 255 of images, `FillMissing` and `Normalize` of rows. Images are then pixels, and
   * rows raw numbers, NaN where one is missing. False: the inputs are what `learner.model` takes in
   * fastai.
   *
   * @default true
   */
  readonly normalize?: boolean;
  /**
   * How pixels come where the graph normalizes: bytes, or float32 from 0 to 1. An image that is
   * resized as a batch (`aug_transforms(size=...)`) is always float32.
   *
   * @default 'uint8'
   */
  readonly pixels?: 'uint8' | 'float32';
  /**
   * Whether the graph gives the model's own output. Else the activation of the loss is in it, and it
   * gives what `learner.predict` does.
   *
   * @default false
   */
  readonly raw?: boolean;
  /**
   * An item that the learner takes, to compare the file with the model on.
   *
   * @default one that is made up
   */
  readonly check?: unknown;
  /** Weights of that many bytes together go to a file beside the model. @default 1.9 GB */
  readonly externalDataFrom?: number;
  /** Whether what is there already is replaced. @default false */
  readonly overwrite?: boolean;
  /** Packages that trained the model, for the metadata: `{ fastai: '2.8.3' }`. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** What an exported graph takes or gives. @publicApi */
export interface ExportedTensor {
  readonly name: string;
  readonly dtype: ModelInputDType;
  /** Names are sizes that vary; null is one that varies without a name. */
  readonly shape: readonly (number | string | null)[];
}

/** What was written. @publicApi */
export interface ExportedModel {
  /** The path of the ONNX file. */
  readonly path: string;
  /** All files that were written, the ONNX file among them. */
  readonly files: readonly string[];
  readonly opset: number;
  readonly inputs: readonly ExportedTensor[];
  readonly outputs: readonly ExportedTensor[];
  /** Whether the first size of every tensor is the batch's, and a row's answer is its own. */
  readonly batched: boolean;
  /** `metadata_props` of the file; all but texts are JSON. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The largest difference between the file's numbers and the model's, on the item of the check. */
  readonly difference: number;
  /** What the file does otherwise than was asked for, in sentences. */
  readonly notes: readonly string[];
}
