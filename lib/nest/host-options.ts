import type { VtsModuleOptions, VtsOverloadOptions } from './vts-module-options.interface.js';

/** What the module does to its host beyond its own routes, with nothing left open. */
export interface HostOptions {
  /** Each of these is true where it is for the application as a whole. */
  readonly errors: boolean;
  readonly observe: boolean;
  readonly requestIds: boolean;
  readonly shutdown: boolean;
  /** Undefined where it is turned off. */
  readonly overload: VtsOverloadOptions | undefined;
}

/** By default nothing: a module is a guest in its application. */
export function hostOptions(options: VtsModuleOptions): HostOptions {
  const { scope = 'endpoints', observe = scope, requestIds } = options;
  const { errors = scope, shutdown = scope, overload = scope === 'application' } = options;
  return {
    errors: errors === 'application',
    observe: observe === 'application',
    requestIds: observe === 'application' || requestIds === 'application',
    shutdown: shutdown === 'application',
    overload: overload === true ? {} : overload || undefined,
  };
}
