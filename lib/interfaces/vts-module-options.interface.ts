import type { RunnerOptions } from './runner-options.interface.js';

/**
 * Options of `VtsModule.forRoot`.
 *
 * @publicApi
 */
export interface VtsModuleOptions {
  /**
   * Folder of the model store; a leading `~` is the user's home.
   *
   * @default the environment's `VTS_HOME`, else `~/vtsserving`
   */
  home?: string;
  /**
   * How models are run, by tag. A bare name is for all versions of that name that have no entry of their own.
   */
  runners?: Readonly<Record<string, RunnerOptions>>;
  /**
   * Milliseconds until a request, or a call of a runner, is given up: HTTP 504. 0 for no limit.
   *
   * @default 60000
   */
  timeoutMs?: number;
  /**
   * Largest request body in bytes, for descriptors that have no limit of their own: HTTP 413.
   *
   * @default 20971520 (20 MiB)
   */
  maxBodyBytes?: number;
  /**
   * Milliseconds that requests in hand get to finish when the application shuts down; then they are answered 503.
   *
   * @default 30000
   */
  shutdownTimeoutMs?: number;
  /**
   * Look for a new `latest` of the injected names every second, and take it up while the application runs: its model is
   * loaded beside the old one (memory for both is needed), requests in hand finish on the version they began with,
   * and new ones go to the new one. A version that cannot be loaded is logged, and the old one stays.
   *
   * @default false
   */
  watch?: boolean;
}

/** What has to be known before the options are, so that `forRootAsync` takes it beside its factory. @publicApi */
export interface VtsModuleExtras {
  /**
   * Serve `/livez`, `/readyz` and `/healthz`. They are under the application's global prefix, unless that excludes
   * them: `app.setGlobalPrefix('api', { exclude: ['livez', 'readyz', 'healthz'] })`.
   *
   * @default true
   */
  health?: boolean;
}
