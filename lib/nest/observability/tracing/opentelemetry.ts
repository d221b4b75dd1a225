import { lazyPackage } from '../../../learner/runtime/lazy-package.js';

export type OpenTelemetry = typeof import('@opentelemetry/api');

const load = lazyPackage<OpenTelemetry>('@opentelemetry/api');

/** Where all copies of the API of a major version keep what an SDK has registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/**
 * The API of OpenTelemetry; undefined while no SDK is registered, when all that it gives does
 * nothing.
 */
export function openTelemetry(): OpenTelemetry | undefined {
  return REGISTERED in globalThis ? load() : undefined;
}
