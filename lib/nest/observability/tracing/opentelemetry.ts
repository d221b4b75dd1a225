import { lazyPackage } from '../../../learner/runtime/lazy-package.js';

export type OpenTelemetry = typeof import('@opentelemetry/api');

const load = lazyPackage<OpenTelemetry>('@opentelemetry/api');

/** The key under which all copies of a major version of the API keep the registered SDK. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/**
 * The API of OpenTelemetry; undefined while no SDK is registered, because it then has no effect.
 */
export function openTelemetry(): OpenTelemetry | undefined {
  return REGISTERED in globalThis ? load() : undefined;
}
