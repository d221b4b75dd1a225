import type { IoDescriptor } from '../io/io-descriptor.js';
import { VTS_ENDPOINT } from '../vts.constants.js';

/** The facts about a handler from `@VtsApi`. */
export interface Endpoint {
  readonly input: IoDescriptor<unknown, never>;
  readonly output: IoDescriptor<unknown, unknown>;
  readonly timeoutMs: number | undefined;
  /** Set if a protocol defines the answers, not the contract of this module. */
  readonly protocol?: EndpointProtocol;
  /** Where its requests may also be submitted as jobs. */
  readonly job?: EndpointJob;
  /** A route of another endpoint's jobs. */
  readonly ofJobs?: boolean;
}

/** How an endpoint's jobs run; what is left out is the module's. */
export interface EndpointJob {
  readonly name?: string;
  readonly timeoutMs?: number;
  readonly attempts?: number;
  readonly keepFor?: number;
  readonly maxInputBytes?: number;
  readonly maxResultBytes?: number;
}

/** A handler whose endpoint has jobs, where it was declared. */
export interface JobHandler {
  readonly target: object;
  readonly key: string | symbol;
  readonly route: string;
  readonly endpoint: Endpoint;
  /** What `@VtsApi` was told for the OpenAPI document. */
  readonly docs: object;
}

const jobHandlers: JobHandler[] = [];
const listeners = new Set<(handler: JobHandler) => void>();

/** Notes a handler whose endpoint has jobs: its further routes are made where jobs are turned on. */
export function noteJobHandler(handler: JobHandler): void {
  jobHandlers.push(handler);
  for (const listener of listeners) listener(handler);
}

/** Calls the listener for each that is noted from now on, until what this returns is called. */
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
