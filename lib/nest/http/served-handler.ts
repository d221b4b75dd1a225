import type { EndpointCall } from './endpoint-call.js';
import type { Endpoint } from './endpoint.js';
import { rawRequest } from './platform.js';
import { RequestRecord } from './request-record.js';
import { Requests } from './requests.js';

export type AnyHandler = (this: unknown, ...parameters: unknown[]) => unknown;

/** How many parameters a handler has at most, if their number is unknown. */
const MOST_PARAMETERS = 16;

interface ServedHandler {
  readonly handler: AnyHandler;
  /** The index of the request parameter, after those of the handler itself. */
  readonly requestAt: number;
}

/**
 * The method that replaces an endpoint's handler. For a request, it returns what to send; for any
 * other caller, it is the handler.
 */
export function servedHandler(
  target: object,
  key: string | symbol,
  own: AnyHandler,
  endpoint: Endpoint,
): ServedHandler {
  // As TypeScript emits it for Nest; `length` does not count parameters with defaults.
  const types = Reflect.getMetadata('design:paramtypes', target, key) as unknown[] | undefined;
  const requestAt = types === undefined ? MOST_PARAMETERS : Math.max(1, types.length);
  const handler: AnyHandler = function (...parameters) {
    const given = parameters[requestAt];
    const call = pendingCall(given, endpoint);
    if (call === undefined) return own.apply(this, parameters);
    parameters.length = types === undefined ? lastGiven(parameters, requestAt) : requestAt;
    const { endpoints } = Requests.of(given as object) as Requests;
    return endpoints.serve(call, () => own.apply(this, parameters));
  };
  Object.defineProperty(handler, 'name', { value: own.name, configurable: true });
  Object.defineProperty(handler, 'length', { value: own.length, configurable: true });
  for (const name of Reflect.getMetadataKeys(own) as unknown[]) {
    Reflect.defineMetadata(name, Reflect.getMetadata(name, own), handler);
  }
  return { handler, requestAt };
}

/** The call that is waiting for this handler; undefined for any other caller. */
function pendingCall(given: unknown, endpoint: Endpoint): EndpointCall | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const call = RequestRecord.of(rawRequest(given))?.scope as EndpointCall | undefined;
  return call?.endpoint === endpoint && !call.handled ? call : undefined;
}

/** The number of the handler's own parameters: Nest fills the gap before the request with null. */
function lastGiven(parameters: readonly unknown[], requestAt: number): number {
  let count = requestAt;
  while (count > 1 && parameters[count - 1] === null) count--;
  return count;
}
