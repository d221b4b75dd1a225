import { VtsError } from '../../learner/errors/index.js';

/** A request took longer than the endpoint's time limit. HTTP endpoints answer 504. @publicApi */
export class RequestTimeoutError extends VtsError {
  constructor(readonly timeoutMs: number) {
    super(
      `The request took longer than ${timeoutMs} ms; send less in one request, or try again later.`,
    );
  }
}

/**
 * A request's body did not arrive within the endpoint's time limit. HTTP endpoints answer 408.
 *
 * @publicApi
 */
export class SlowBodyError extends VtsError {
  constructor(readonly timeoutMs: number) {
    super(
      `The body of the request did not arrive within ${timeoutMs} ms; send it faster, or in parts.`,
    );
  }
}

/**
 * The application is shutting down and does not accept new requests. HTTP endpoints answer 503.
 *
 * @publicApi
 */
export class ShuttingDownError extends VtsError {
  constructor() {
    super('The service is shutting down; send the request to another instance.');
  }
}

/**
 * The base of errors that refuse a job or a request for one. Such an error knows its HTTP status.
 */
export abstract class JobError extends VtsError {
  abstract readonly status: number;
}

/** An option of `VtsModule.forRoot` has a value that cannot be used. @publicApi */
export class InvalidModuleOptionError extends VtsError {
  constructor(option: string, fact: string, remedy: string) {
    super(`VtsModule: ${option} ${fact}; ${remedy}.`);
  }
}

/** @throws InvalidModuleOptionError */
export function refuseOption(option: string, fact: string, remedy: string): never {
  throw new InvalidModuleOptionError(option, fact, remedy);
}

/**
 * An application imports `VtsModule.forRoot()` twice, so a runner could belong to either.
 *
 * @publicApi
 */
export class DuplicateRootError extends VtsError {
  constructor() {
    super(
      'VtsModule.forRoot() is imported twice in this application; import it once, in the root module: it is global, and VtsModule.forFeature() adds runners elsewhere.',
    );
  }
}

/**
 * The module does not support the application's HTTP adapter. It supports Nest's Express and
 * Fastify adapters, adapters derived from them, and `VtsExpressAdapter`.
 *
 * @publicApi
 */
export class UnsupportedAdapterError extends VtsError {
  constructor(adapter: string) {
    super(
      `VtsModule does not work with the HTTP adapter ${adapter}; use ExpressAdapter of @nestjs/platform-express, FastifyAdapter of @nestjs/platform-fastify, or VtsExpressAdapter of nestjs-vts/express.`,
    );
  }
}

/**
 * A feature needs a package that is not installed.
 *
 * @publicApi
 */
export class MissingPackageError extends VtsError {
  constructor(packageName: string, feature: string) {
    super(
      `${feature} needs the package ${packageName}, which is not installed; run "npm install ${packageName}".`,
    );
  }
}
