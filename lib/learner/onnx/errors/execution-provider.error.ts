import { VtsError } from '../../errors/index.js';

/**
 * An execution provider that this build of onnxruntime, or this machine, does not have.
 *
 * @publicApi
 */
export class ExecutionProviderError extends VtsError {
  constructor(
    readonly provider: string,
    /** Those that this build has. */
    readonly available: readonly string[],
    reason: string,
  ) {
    super(
      `The execution provider "${provider}" cannot be used: ${reason}. This build of onnxruntime-node has ${available.join(', ')}; ` +
        `name one that works here, or set strict: false to go on with those that do.`,
    );
  }
}
