import type { ModelInputDType } from '../pytorch/index.js';

/** Options of an exported file. @publicApi */
export interface ExportOptions {
  /**
   * The version of ONNX's operators, 11 to 25.
   *
   * @default 17, the opset in which graphs are made
   */
  readonly opset?: number;
  /**
   * Whether the graph includes fastai's steps before the model: `Normalize` and the division by 255
   * of images, `FillMissing` and `Normalize` of rows. The inputs are then pixels or raw numbers,
   * with NaN for a missing number. If false, the inputs are what `learner.model` takes in fastai.
   *
   * @default true
   */
  readonly normalize?: boolean;
  /**
   * The type of pixels if the graph normalizes: bytes, or float32 from 0 to 1. An image that is
   * resized in the batch (`aug_transforms(size=...)`) is always float32.
   *
   * @default 'uint8'
   */
  readonly pixels?: 'uint8' | 'float32';
  /**
   * Whether the graph returns the model's raw output. If false, it includes the activation of the
   * loss and returns the same as `learner.predict`.
   *
   * @default false
   */
  readonly raw?: boolean;
  /**
   * An item that the learner takes. The file and the model are compared on it.
   *
   * @default a made-up item
   */
  readonly check?: unknown;
  /**
   * If the weights exceed this number of bytes in total, they go into a file next to the model.
   * @default 1.9 GB
   */
  readonly externalDataFrom?: number;
  /** Whether existing files are replaced. @default false */
  readonly overwrite?: boolean;
  /** Versions of the packages that trained the model, for the metadata: `{ fastai: '2.8.3' }`. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** An input or output of an exported graph. @publicApi */
export interface ExportedTensor {
  readonly name: string;
  readonly dtype: ModelInputDType;
  /** A name stands for a size that varies; null for one that varies without a name. */
  readonly shape: readonly (number | string | null)[];
}

/** The result of an export. @publicApi */
export interface ExportedModel {
  /** The path of the ONNX file. */
  readonly path: string;
  /** All files that were written, including the ONNX file. */
  readonly files: readonly string[];
  readonly opset: number;
  readonly inputs: readonly ExportedTensor[];
  readonly outputs: readonly ExportedTensor[];
  /**
   * Whether the first dimension of every tensor is the batch, and each row's result depends only on
   * that row.
   */
  readonly batched: boolean;
  /** `metadata_props` of the file; values are JSON, except plain texts. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * The largest difference between the numbers of the file and of the model, on the checked item.
   */
  readonly difference: number;
  /** Notes about differences between the file and the requested options. */
  readonly notes: readonly string[];
}
