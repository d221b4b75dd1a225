import { VtsError } from '../../errors/index.js';

/**
 * A module lacks an attribute or a weight that its class always has, or has it with another type.
 *
 * @publicApi
 */
export class MalformedModuleError extends VtsError {
  constructor(
    readonly path: string,
    readonly className: string,
    readonly reason: string,
  ) {
    super(
      `The module at "${path}" (${className}) cannot be read: ${reason}. ` +
        `The file may be damaged or written by an unknown version: export the learner again.`,
    );
  }
}
