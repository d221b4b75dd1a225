import type { VtsModuleOptions, VtsOverloadOptions } from './vts-module-options.interface.js';

/** What the module changes in its host beyond its own routes, with all defaults filled in. */
export interface HostOptions {
  /** Each is true if it applies to the whole application. */
  readonly errors: boolean;
  readonly observe: boolean;
  readonly requestIds: boolean;
  readonly shutdown: boolean;
  /** Undefined if it is turned off. */
  readonly overload: VtsOverloadOptions | undefined;
}

/** By default, nothing changes: a module is a guest in its application. */
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
