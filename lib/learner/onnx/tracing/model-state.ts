import type { Value } from '../../python/values.js';
import { tensorsIn } from '../torch-ops/tables.js';
import type { TensorValue } from '../torch-ops/tensor-value.js';

/**
 * Tensors that a model keeps between calls. fastai calls the model's `reset()` before each
 * prediction, so its results do not depend on earlier ones if `reset()` sets these tensors.
 */
export class ModelState {
  /** Tensors that only the model's own code reads: plain attributes and buffers. */
  readonly #own = new WeakSet<TensorValue>();
  /** Those that `reset()` set in place. */
  readonly #set = new WeakSet<TensorValue>();
  #isResetting = false;

  own(tensors: readonly TensorValue[]): void {
    for (const tensor of tensors) this.#own.add(tensor);
  }

  /** Runs the code of a `reset()`. */
  resetting(run: () => void): void {
    const outer = this.#isResetting;
    this.#isResetting = true;
    try {
      run();
    } finally {
      this.#isResetting = outer;
    }
  }

  /** Whether code may write into a tensor of the file. */
  mayWrite(tensor: TensorValue): boolean {
    if (this.#isResetting && this.#own.has(tensor)) this.#set.add(tensor);
    return this.#set.has(tensor);
  }

  /** Whether an attribute, read before it is written, has the same value in each call. */
  isReset(before: Value, value: Value): boolean {
    if (this.#isResetting) return tensorsIn(value).length === 0;
    const tensors = tensorsIn(before);
    return tensors.length > 0 && tensors.every((tensor) => this.#set.has(tensor));
  }
}
