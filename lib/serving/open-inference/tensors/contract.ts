import type { InferTensor } from '../../../client/protocol/messages.js';
import type { GivenInputs, InputSpec } from '../request.js';

/** The items of a learner as tensors, and back. */
export interface ItemCodec {
  readonly inputs: readonly InputSpec[];
  /** Inputs beyond these are taken. */
  readonly others?: boolean;
  /** Items are copies, whose memory may be given away. */
  readonly owned?: true;
  /**
   * The items that inputs hold, each as `predict` of a runner takes it.
   *
   * @throws InputError
   */
  items(inputs: GivenInputs, most: number): readonly unknown[];
  /**
   * One item as the inputs of a request; the reverse.
   *
   * @throws TensorValueError (an InputError) for an item that tensors do not carry exactly.
   */
  inputsOf(item: unknown): readonly InferTensor[] | Promise<readonly InferTensor[]>;
}
