import { InvalidOutputError } from '../io/errors.js';
import { IoDescriptor } from '../io/io-descriptor.js';

/** A descriptor only for requests. */
export abstract class InputBody<Input> extends IoDescriptor<Input, never> {
  serialize(): never {
    const { name } = this.constructor;
    throw new InvalidOutputError(name, 'it describes only requests', 'use it as an input');
  }
}
