import { isTensor } from '../../learner/runtime/is-tensor.js';
import { ResponseTooLargeError } from './errors.js';

/** Adds up the size of an answer, so that a large one is refused before it takes memory. */
export class ResponseSize {
  #bytes = 0;

  constructor(private readonly most: number) {}

  /** @throws ResponseTooLargeError */
  add(values: readonly unknown[]): void {
    for (const value of values) {
      if (isTensor(value) && ArrayBuffer.isView(value.data)) this.addBytes(value.data.byteLength);
    }
  }

  /** @throws ResponseTooLargeError */
  addBytes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.most) throw new ResponseTooLargeError(this.most);
  }
}
