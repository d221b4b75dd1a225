import type { ModelInput, PytorchInput, PytorchOutput } from '../../../learner/pytorch/index.js';
import type { RunnerHandle, RunnerMethod } from '../../runner/runner-types.js';
import type { RunOptions } from '../../runner/runner-options-types.js';

/**
 * A runner of a model of the PyTorch layer.
 *
 * It takes and returns tensors. The input is checked before it runs: a shape that the model does
 * not take, a number that its dtype cannot hold, or an id beyond its embedding is a
 * TensorInputError (HTTP 400). Plain numbers are rounded to the model's floating type. Tensors and
 * typed arrays are converted only if no number changes: int32 to int64, for example, but never 3.5
 * to 3.
 *
 * A fastai text classifier takes int64 ids [rows, width], padded on either side, and returns the
 * same logits for each row as for the row alone. A tabular model takes `[codes, numbers]`.
 *
 * @typeParam Output A Tensor, or a list of them if the model has several outputs.
 *
 * @example
 * constructor(@Runner('my_pytorch_model:latest') private readonly runner: PytorchRunner) {} // ...
 * const logits = await this.runner.run([[2, 9, 41, 7]]);
 *
 * @publicApi
 */
export interface PytorchRunner<Output extends PytorchOutput = import('onnxruntime-common').Tensor>
  extends RunnerHandle, RunnerMethod<PytorchInput, Output> {
  /**
   * Calls the model: the method `__call__`. Calls are batched if the model's signature says
   * `batchable: true`.
   *
   * @throws TensorInputError, TextInputError, RunInputError (InputErrors) when the item is at
   * fault.
   * @throws RunnerOverloadedError when the call cannot be served in time, and the errors of
   * `RunnerMethod.run`.
   */
  run(item: PytorchInput, options?: RunOptions): Promise<Output>;
  asyncRun(item: PytorchInput, options?: RunOptions): Promise<Output>;
  /** The same under torch's name, for models whose signatures have it. */
  readonly forward: RunnerMethod<PytorchInput, Output>;
  /** The inputs of the model. Known only after the model is loaded. */
  readonly inputs: readonly ModelInput[];
  /** The outputs of the model, in order. Known only after the model is loaded. */
  readonly outputs: readonly ModelInput[];
  /** The largest number of rows in a run; 0 if calls run alone. */
  readonly maxBatchSize: number;
}
