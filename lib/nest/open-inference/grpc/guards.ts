import type { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';
import type { Metadata } from '@grpc/grpc-js';
import { InvalidModuleOptionError } from '../../http/errors.js';
import type { GrpcCall } from './grpc-call.js';
import { headersOf } from './metadata.js';
import type { VtsGrpcCall } from './vts-grpc-call.js';

type Guarded = (call: VtsGrpcCall, metadata: Metadata) => Promise<unknown>;

/** Calls the global guards of the application through Nest's own API. */
export class GrpcGuards {
  readonly #guarded = new Map<string, Guarded>();
  #known = 0;

  /** @throws InvalidModuleOptionError for guards that only a controller of the application runs. */
  constructor(
    private readonly contexts: ExternalContextCreator,
    private readonly config: ApplicationConfig,
  ) {
    if (config.getGlobalRequestGuards().length === 0) return;
    throw new InvalidModuleOptionError(
      '"openInference.grpc"',
      'would be unguarded: a global guard of the application is request-scoped, so it would not be called',
      'give that guard the default scope',
    );
  }

  /** Undefined if there are none. The promise rejects with the error of a guard. */
  ask(call: GrpcCall): Promise<unknown> | undefined {
    const { length } = this.config.getGlobalGuards();
    if (length === 0) return undefined;
    // Guards that are added later apply from then on.
    if (length !== this.#known) this.#guarded.clear();
    this.#known = length;
    const { path, metadata, remoteAddress: ip } = call;
    const [service = '', method = ''] = path.slice(1).split('/');
    let guarded = this.#guarded.get(path);
    if (guarded === undefined) this.#guarded.set(path, (guarded = this.#make(method)));
    return guarded({ headers: headersOf(metadata), service, method, path, ip }, metadata);
  }

  #make(method: string): Guarded {
    // Guards see the class and the method with their metadata, which is empty here.
    const handler = { [method]: () => undefined }[method] as () => undefined;
    const methods = new VtsGrpcMethods();
    Object.defineProperty(methods, method, { value: handler });
    return this.contexts.create(
      methods as unknown as Record<string, unknown>,
      handler,
      method,
      undefined,
      undefined,
      undefined,
      undefined,
      { guards: true, interceptors: false, filters: false },
      'rpc',
    ) as Guarded;
  }
}

/** `context.getClass()` of guards. */
class VtsGrpcMethods {}
