import type { InferTensor } from '../../../client/protocol/messages.js';
import type { GivenInputs, InputSpec } from '../request.js';

/** Converts the items of a learner to tensors and back. */
export interface ItemCodec {
  readonly inputs: readonly InputSpec[];
  /** Whether other inputs are accepted. */
  readonly others?: boolean;
  /** Whether items are copies, whose memory may be transferred. */
  readonly owned?: true;
  /**
   * The items of the inputs, each as `predict` of a runner takes it.
   *
   * @throws InputError
   */
  items(inputs: GivenInputs, most: number): readonly unknown[];
  /**
   * The reverse: one item as the inputs of a request.
   *
   * @throws TensorValueError (an InputError) for an item that tensors cannot carry exactly.
   */
  inputsOf(item: unknown): readonly InferTensor[] | Promise<readonly InferTensor[]>;
}
