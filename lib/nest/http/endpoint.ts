import type { IoDescriptor } from '../io/io-descriptor.js';
import { VTS_ENDPOINT } from '../vts.constants.js';

/** What `@VtsApi` says about a handler. */
export interface Endpoint {
  readonly input: IoDescriptor<unknown, never>;
  readonly output: IoDescriptor<unknown, unknown>;
  readonly timeoutMs: number | undefined;
  /** Where a protocol says how it answers, and not the contract of this module. */
  readonly protocol?: EndpointProtocol;
}

/**
 * A protocol whose clients take the answers. Bodies of its endpoints are read ahead of the
 * application's parsers whatever their type, types of answers go out as they are, and events have no
 * names: a failure is the data of one, and nothing follows the last.
 */
export interface EndpointProtocol {
  /** The body of an error's answer. */
  errorBody(message: string): object;
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
