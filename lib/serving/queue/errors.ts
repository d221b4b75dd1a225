import { VtsError } from '../../learner/errors/index.js';

/** The address of a queue is not that of a Redis server. @publicApi */
export class QueueUrlError extends VtsError {
  constructor(
    /** The address without its password. */
    readonly address: string,
    reason: string,
  ) {
    super(
      `The queue "${address}" ${reason}. Write redis://HOST[:PORT][/DATABASE], rediss:// for TLS, or unix:///PATH.`,
    );
  }
}

/** No Redis server answers at an address, or it refuses the user. @publicApi */
export class QueueConnectionError extends VtsError {
  constructor(
    /** The address without its password. */
    readonly address: string,
    reason: string,
    remedy = 'Start one with "redis-server --appendonly yes" or "docker run -p 6379:6379 redis:7 redis-server --appendonly yes", or correct the address.',
    options?: ErrorOptions,
  ) {
    super(`The Redis server at ${address} cannot be used: ${reason}. ${remedy}`, options);
  }
}

/** A Redis server is too old. @publicApi */
export class QueueVersionError extends VtsError {
  constructor(
    /** The address without its password. */
    readonly address: string,
    /** The version of the server. */
    readonly version: string,
    /** The lowest version that works. */
    readonly minimum: string,
  ) {
    super(
      `The Redis server at ${address} has version ${version}, and the queue needs ${minimum} or later. Update it.`,
    );
  }
}
