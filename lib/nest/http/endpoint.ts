import type { IoDescriptor } from '../io/io-descriptor.js';
import { VTS_ENDPOINT } from '../vts.constants.js';

/** The facts about a handler from `@VtsApi`. */
export interface Endpoint {
  readonly input: IoDescriptor<unknown, never>;
  readonly output: IoDescriptor<unknown, unknown>;
  readonly timeoutMs: number | undefined;
  /** Set if a protocol defines the answers, not the contract of this module. */
  readonly protocol?: EndpointProtocol;
  /** Set if its requests may also be submitted as jobs. */
  readonly job?: EndpointJob;
  /** A route of another endpoint's jobs. */
  readonly ofJobs?: boolean;
}

/** How an endpoint's jobs run. Omitted options have the module's values. */
export interface EndpointJob {
  readonly name?: string;
  readonly timeoutMs?: number;
  readonly attempts?: number;
  readonly keepFor?: number;
  readonly maxInputBytes?: number;
  readonly maxResultBytes?: number;
}

/** A handler whose endpoint has jobs, and the class that declares it. */
export interface JobHandler {
  readonly target: object;
  readonly key: string | symbol;
  readonly route: string;
  readonly endpoint: Endpoint;
  /** The options of `@VtsApi` for the OpenAPI document. */
  readonly docs: object;
}

const jobHandlers: JobHandler[] = [];
const listeners = new Set<(handler: JobHandler) => void>();

/**
 * Registers a handler whose endpoint has jobs. Its additional routes are created if jobs are turned
 * on.
 */
export function noteJobHandler(handler: JobHandler): void {
  jobHandlers.push(handler);
  for (const listener of listeners) listener(handler);
}

/**
 * Calls the listener for each handler that is registered from now on. Returns a function that stops
 * this.
 */
export function onJobHandler(listener: (handler: JobHandler) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Those of all classes of this process. */
export function notedJobHandlers(): readonly JobHandler[] {
  return jobHandlers;
}

/**
 * A protocol that defines the answers. Its endpoints read bodies of any type before the
 * application's parsers and send content types unchanged. Events have no names: a failure is the
 * data of an event, and nothing follows the last event.
 */
export interface EndpointProtocol {
  /** The body of an error's answer. */
  errorBody(message: string): object;
}

const handlers = new Set<object>();

/** Marks a handler, the method of a controller, as an endpoint. */
export function defineEndpoint(handler: object, endpoint: Endpoint): void {
  markEndpoint(handler, endpoint);
  handlers.add(handler);
}

/** Marks the framework's handler of one route. */
export function markEndpoint(handler: object, endpoint: Endpoint): void {
  Reflect.defineMetadata(VTS_ENDPOINT, endpoint, handler);
}

/**
 * The endpoint of a handler, or of the function that Nest registers for it, to which Nest copies
 * metadata.
 */
export function endpointOf(handler: object): Endpoint | undefined {
  return Reflect.getMetadata(VTS_ENDPOINT, handler) as Endpoint | undefined;
}

/** Handlers of all endpoints that classes of this process declare. */
export function endpointHandlers(): Iterable<object> {
  return handlers;
}

/**
 * The body limit if neither the descriptor nor the module sets one; the same as in the last
 * BentoML.
 */
export const DEFAULT_MAX_BODY_BYTES = 20 * 1024 * 1024;
