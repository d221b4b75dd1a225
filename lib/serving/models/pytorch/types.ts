import type { ModelInput, PytorchInput, PytorchOutput } from '../../../learner/pytorch/index.js';
import type { RunnerHandle, RunnerMethod } from '../../runner/runner-types.js';
import type { RunOptions } from '../../runner/runner-options-types.js';

/**
 * A runner of a model of the PyTorch layer.
 *
 * Tensors in, tensors out. What is given is checked before it runs: a shape that the model does not
 * take, a number that its dtype cannot hold, an id beyond its embedding are a TensorInputError
 * (HTTP 400). Plain numbers are rounded to the model's floating type; tensors and typed arrays are
 * converted only where no number changes, so that ids stay ids: int32 to int64, say, and never 3.5
 * to 3.
 *
 * A fastai text classifier takes int64 ids [rows, width], padded on either side, and gives the
 * logits of each row as the row alone gives them. A tabular model takes `[codes, numbers]`.
 *
 * @typeParam Output A Tensor, or a list of them where the model gives several.
 *
 * @example
 * constructor(@Runner('my_pytorch_model:latest') private readonly runner: PytorchRunner) {}
 * // ...
 * const logits = await this.runner.run([[2, 9, 41, 7]]);
 *
 * @publicApi
 */
export interface PytorchRunner<Output extends PytorchOutput = import('onnxruntime-common').Tensor>
  extends RunnerHandle, RunnerMethod<PytorchInput, Output> {
  /**
   * Calls the model: the method `__call__`. Calls share runs where the model's signature says
   * `batchable: true`.
   *
   * @throws TensorInputError, TextInputError, RunInputError (InputErrors) when the item is at
   * fault.
   * @throws RunnerOverloadedError when it cannot be served in time, and the errors of
   * `RunnerMethod.run`.
   */
  run(item: PytorchInput, options?: RunOptions): Promise<Output>;
  asyncRun(item: PytorchInput, options?: RunOptions): Promise<Output>;
  /** The same under its name in torch, for models whose signatures have it. */
  readonly forward: RunnerMethod<PytorchInput, Output>;
  /** What the model takes. Known once the model is loaded. */
  readonly inputs: readonly ModelInput[];
  /** What it gives, in order. Known once the model is loaded. */
  readonly outputs: readonly ModelInput[];
  /** Most rows that share a run; 0 where calls run alone. */
  readonly maxBatchSize: number;
}
