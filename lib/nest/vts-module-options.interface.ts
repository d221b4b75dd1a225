import type { RunnableClass } from '../serving/models/custom/definition.js';
import type { VtsAccessLogOptions } from './observability/access-log.js';
import type { VtsHealthOptions } from './observability/health-options.js';
import type { VtsOpenInferenceOptions } from './open-inference/open-inference-options.js';
import type { VtsMetricsOptions } from './observability/metrics/metrics-options.js';
import type { VtsRequestIdOptions } from './observability/request-id.js';
import type { RunnerOptions } from '../serving/runner/runner-options-types.js';

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
   * How models are run, by tag. A bare name is for all versions of that name that have no entry of
   * their own.
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
   * How much of the host application the module shapes. With `'endpoints'` it touches its own
   * routes and nothing else. `'application'` is for a service that does nothing but serve models:
   * it is the default of `errors`, `observe` and `shutdown`, and turns `overload` on.
   *
   * @default 'endpoints'
   */
  scope?: 'endpoints' | 'application';
  /**
   * Which errors are answered as `{ statusCode, message, error }`: those of this module's
   * endpoints, or all of the application's. `'application'` adds a global exception filter behind
   * the application's own ones, answers 405 with `Allow` where a path has other methods, and gives
   * Node's own refusals (malformed HTTP, headers too large, no Host, an unknown Expect) the same
   * body.
   *
   * @default `scope`
   */
  errors?: 'endpoints' | 'application';
  /**
   * Refuse requests of endpoints before their bodies are read while the runner that the endpoint
   * calls first takes no more: HTTP 503, or 429 for `maxConcurrency`, with Retry-After, ahead of the
   * application's guards. Refusals take a part of the event loop's time at the most. The module
   * learns what an endpoint calls from what it does, and never refuses early where an endpoint has
   * answered without a runner, or in spite of a refusal.
   *
   * @default true with `scope: 'application'`, else false
   */
  overload?: boolean | VtsOverloadOptions;
  /**
   * Which requests have a line in the access log, metrics, traces and an id: those of this module's
   * endpoints, or all of the application's.
   *
   * @default `scope`
   */
  observe?: 'endpoints' | 'application';
  /**
   * What the module does when the application shuts down. `'endpoints'` lets the requests of
   * endpoints finish, and leaves the server to Nest. `'application'` closes the server too: the
   * listener first, in a quiet turn of the event loop, then each connection with its next response
   * or when it falls idle, and what never sends a whole request after `shutdownTimeoutMs`.
   *
   * @default `scope`
   */
  shutdown?: 'endpoints' | 'application';
  /**
   * Milliseconds that requests in progress get to finish when the application shuts down. Those
   * that are left are answered 503.
   *
   * @default 30000
   */
  shutdownTimeoutMs?: number;
  /**
   * Milliseconds that the application goes on as before when it is told to end, but that `/readyz`
   * answers 503: as long as those that send it requests take to see that and to turn to others.
   * `shutdownTimeoutMs` begins after that. Where a client opens a connection at the very moment in
   * which the listener closes, the kernel resets it; with this, nobody does. On Kubernetes:
   * `periodSeconds` times `failureThreshold` of the readiness probe, and some seconds for the
   * endpoints to spread.
   *
   * @default 0
   */
  drainMs?: number;
  /**
   * Look for a new `latest` of the injected names every second, and take it up while the
   * application runs: its model is loaded beside the old one (memory for both is needed), requests
   * in progress finish on the version they began with, and new ones go to the new one. A version that
   * cannot be loaded is logged, and the old one stays.
   *
   * @default false
   */
  watch?: boolean;

  /**
   * Write a line for each request through Nest's Logger, context `VtsAccess`: fields for loggers
   * that write JSON ({@link AccessLogEntry}), a readable line in the console. Probes and `/metrics`
   * are left out.
   *
   * @default true
   */
  accessLog?: boolean | VtsAccessLogOptions;
  /**
   * Give every request an id: the `X-Request-Id` that it brought, where that is 1 to 128 letters,
   * digits and `_ . : + / = @ ~ -`, else a new UUID. It is in the response's `X-Request-Id` and in
   * log lines; see {@link requestIdOf}.
   *
   * @default true
   */
  requestIds?: boolean | 'application' | VtsRequestIdOptions;
  /** The former name of `requestIds`. */
  requestId?: boolean | VtsRequestIdOptions;
  /**
   * Take part in traces: W3C `traceparent` of requests is gone on with, responses have
   * `traceresponse` and `traceparent`, and where the application has set up OpenTelemetry's SDK,
   * there are spans of the request, and of the `queue`, `tokenize` or `decode`, and `run` of each
   * call of a runner. Without the SDK nothing is recorded.
   *
   * @default true
   */
  tracing?: boolean;
  /**
   * Serve the runners to clients of the Open Inference Protocol: those of KServe, of Triton and of
   * MLServer, and `InferenceClient`. `true` is REST below `/v2`, of all runners that the application
   * injects and all its runnables.
   *
   * A factory of `forRootAsync` may give all of it but `rest`, where `openInference` stands beside
   * the factory as well.
   *
   * @default false
   */
  openInference?: boolean | VtsOpenInferenceOptions;
}

/** @publicApi */
export interface VtsOverloadOptions {
  /**
   * The share of the event loop's time that refusals may take, above 0 and up to 1. With more, who
   * is refused waits less, and who is served waits more.
   *
   * @default 0.25
   */
  refusalShare?: number;
}

/**
 * What has to be known before the options are, so that `forRootAsync` takes it beside its factory.
 *
 * @publicApi
 */
export interface VtsModuleExtras {
  /**
   * Serve `/livez`, `/readyz` and `/healthz`. They are under the application's global prefix,
   * unless that excludes them: `app.setGlobalPrefix('api', { exclude: ['livez', 'readyz',
   * 'healthz', 'metrics'] })`.
   *
   * @default true
   */
  health?: boolean | VtsHealthOptions;
  /**
   * Serve metrics for Prometheus at `/metrics`. The same holds for the global prefix.
   *
   * @default true
   */
  metrics?: boolean | VtsMetricsOptions;
  /**
   * Custom runnables of the application: classes with `@Runnable`. Their runners are injected with
   * `@Runner(TheClass)`; options go by their names in `runners`.
   *
   * @default none
   */
  runnables?: readonly RunnableClass[];
  /**
   * Serve the runners by the Open Inference Protocol, see {@link VtsModuleOptions.openInference};
   * in `forRootAsync`, whether and where is said here, the rest may come from the factory.
   *
   * @default false
   */
  openInference?: boolean | VtsOpenInferenceOptions;
}
