import type { IoDescriptor } from '../io/io-descriptor.js';
import { VTS_ENDPOINT } from '../vts.constants.js';

/** What `@VtsApi` says about a handler. */
export interface Endpoint {
  readonly input: IoDescriptor<unknown, never>;
  readonly output: IoDescriptor<unknown, unknown>;
  readonly timeoutMs: number | undefined;
}

const handlers = new Set<object>();

/** Notes on a handler, the method of a controller, that it is an endpoint. */
export function defineEndpoint(handler: object, endpoint: Endpoint): void {
  markEndpoint(handler, endpoint);
  handlers.add(handler);
}

/** Notes it on what a framework is given for one route. */
export function markEndpoint(handler: object, endpoint: Endpoint): void {
  Reflect.defineMetadata(VTS_ENDPOINT, endpoint, handler);
}

/** The endpoint of a handler, or of what Nest registers for one, to which it copies metadata. */
export function endpointOf(handler: object): Endpoint | undefined {
  return Reflect.getMetadata(VTS_ENDPOINT, handler) as Endpoint | undefined;
}

/** Handlers of all endpoints that classes of this process declare. */
export function endpointHandlers(): Iterable<object> {
  return handlers;
}

/** Body limit where neither the descriptor nor the module has one; BentoML's last. */
export const DEFAULT_MAX_BODY_BYTES = 20 * 1024 * 1024;
