import type { RunnableClass } from '../serving/models/custom/definition.js';
import type { VtsAccessLogOptions } from './observability/access-log.js';
import type { VtsHealthOptions } from './observability/health-options.js';
import type { VtsJobsOptions } from './jobs/jobs-options.js';
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
   * The folder of the model store. A leading `~` means the user's home.
   *
   * @default the environment's `VTS_HOME`, else `~/vtsserving`
   */
  home?: string;
  /**
   * How to run models, by tag. A bare name applies to all versions of that name that have no entry
   * of their own.
   */
  runners?: Readonly<Record<string, RunnerOptions>>;
  /**
   * The time limit of a request, or a call of a runner, in milliseconds; then HTTP 504. 0 for no
   * limit.
   *
   * @default 60000
   */
  timeoutMs?: number;
  /**
   * The largest request body in bytes, for descriptors without their own limit; above it, HTTP 413.
   *
   * @default 20971520 (20 MiB)
   */
  maxBodyBytes?: number;
  /**
   * How much of the host application the module affects. With `'endpoints'`, it touches only its
   * own routes. `'application'` is for a service that only serves models: it becomes the default of
   * `errors`, `observe` and `shutdown`, and turns `overload` on.
   *
   * @default 'endpoints'
   */
  scope?: 'endpoints' | 'application';
  /**
   * The errors that are answered as `{ statusCode, message, error }`: those of this module's
   * endpoints, or all errors of the application. `'application'` adds a global exception filter
   * after the application's own ones. It answers 405 with `Allow` if a path has other methods. It
   * also gives Node's own refusals the same body: malformed HTTP, headers too large, no Host, an
   * unknown Expect.
   *
   * @default `scope`
   */
  errors?: 'endpoints' | 'application';
  /**
   * Refuse an endpoint's requests before the module reads their bodies, while the runner that the
   * endpoint calls first is full. The answer is HTTP 503, or 429 for `maxConcurrency`, with
   * Retry-After, and comes before the application's guards. Refusals take only a limited share of
   * the event loop's time. The module observes which runner an endpoint calls. It never refuses
   * early if an endpoint has answered without a runner, or despite a refusal.
   *
   * @default true with `scope: 'application'`, else false
   */
  overload?: boolean | VtsOverloadOptions;
  /**
   * The requests that get an access log line, metrics, traces and an id: those of this module's
   * endpoints, or all requests of the application.
   *
   * @default `scope`
   */
  observe?: 'endpoints' | 'application';
  /**
   * How the module shuts down with the application. `'endpoints'` lets the requests of endpoints
   * finish, and leaves the server to Nest. `'application'` closes the server too. It closes the
   * listener first, in a quiet turn of the event loop. Then it closes each connection with its next
   * response, or when it becomes idle. After `shutdownTimeoutMs`, it closes connections that have
   * not sent a whole request.
   *
   * @default `scope`
   */
  shutdown?: 'endpoints' | 'application';
  /**
   * How long requests in progress may take to finish when the application shuts down, in
   * milliseconds. The rest are answered with 503.
   *
   * @default 30000
   */
  shutdownTimeoutMs?: number;
  /**
   * How long the application keeps serving after it is told to end, in milliseconds. Meanwhile,
   * `/readyz` returns 503, so load balancers switch to other instances. `shutdownTimeoutMs` starts
   * after that. The kernel resets a connection that a client opens at the very moment the listener
   * closes; this delay avoids that. On Kubernetes, use `periodSeconds` times `failureThreshold` of
   * the readiness probe, and a few seconds for endpoint changes to spread.
   *
   * @default 0
   */
  drainMs?: number;
  /**
   * Look for a new `latest` version of the injected names every second, and switch to it while the
   * application runs. The new model is loaded next to the old one, so both need memory. Requests in
   * progress finish on the version that they started with, and new requests use the new one. If a
   * version cannot be loaded, the module logs that and keeps the old one.
   *
   * @default false
   */
  watch?: boolean;

  /**
   * Log each request through Nest's Logger, with the context `VtsAccess`: fields for loggers that
   * write JSON ({@link AccessLogEntry}), a readable line in the console. Probes and `/metrics` are
   * not logged.
   *
   * @default true
   */
  accessLog?: boolean | VtsAccessLogOptions;
  /**
   * Give every request an id: its `X-Request-Id`, if that is 1 to 128 letters, digits and
   * `_ . : + / = @ ~ -`, else a new UUID. The response's `X-Request-Id` and log lines have it; see
   * {@link requestIdOf}.
   *
   * @default true
   */
  requestIds?: boolean | 'application' | VtsRequestIdOptions;
  /** The former name of `requestIds`. */
  requestId?: boolean | VtsRequestIdOptions;
  /**
   * Take part in traces. The module continues the W3C `traceparent` of requests, and responses have
   * `traceresponse` and `traceparent`. If the application has set up OpenTelemetry's SDK, it
   * records spans of the request, and of the `queue`, `tokenize` or `decode`, and `run` of each
   * runner call. Without the SDK, it records nothing.
   *
   * @default true
   */
  tracing?: boolean;
  /**
   * Serve the runners to clients of the Open Inference Protocol: those of KServe, Triton and
   * MLServer, and `InferenceClient`. `true` means REST below `/v2`, for all runners that the
   * application injects and all its runnables.
   *
   * A factory of `forRootAsync` may return all of it except `rest`, if `openInference` is also next
   * to the factory.
   *
   * @default false
   */
  openInference?: boolean | VtsOpenInferenceOptions;
  /**
   * Accept requests of endpoints with `job: true` as jobs, which wait in Redis and outlive the
   * request, the process and the machine. `true` takes the connection of `BullModule.forRoot` of
   * `@nestjs/bullmq`.
   *
   * A factory of `forRootAsync` may give all of it, where `jobs` stands beside the factory as well.
   *
   * @default false
   */
  jobs?: boolean | VtsJobsOptions;
}

/** @publicApi */
export interface VtsOverloadOptions {
  /**
   * The share of the event loop's time that refusals may take, above 0 and up to 1. With a larger
   * share, refused clients wait less, and served clients wait longer.
   *
   * @default 0.25
   */
  refusalShare?: number;
}

/**
 * The options that the module needs before a factory runs, so that `forRootAsync` takes them next
 * to the factory.
 *
 * @publicApi
 */
export interface VtsModuleExtras {
  /**
   * Serve `/livez`, `/readyz` and `/healthz`. They are under the application's global prefix,
   * unless it excludes them:
   * `app.setGlobalPrefix('api', { exclude: ['livez', 'readyz', 'healthz', 'metrics'] })`.
   *
   * @default true
   */
  health?: boolean | VtsHealthOptions;
  /**
   * Serve metrics for Prometheus at `/metrics`. It is under the global prefix too, unless that
   * excludes it.
   *
   * @default true
   */
  metrics?: boolean | VtsMetricsOptions;
  /**
   * The custom runnables of the application: classes with `@Runnable`. Inject their runners with
   * `@Runner(TheClass)`; `runners` takes options by their names.
   *
   * @default none
   */
  runnables?: readonly RunnableClass[];
  /**
   * Serve the runners with the Open Inference Protocol, see {@link VtsModuleOptions.openInference}.
   * In `forRootAsync`, this option decides whether and where; the rest may come from the factory.
   *
   * @default false
   */
  openInference?: boolean | VtsOpenInferenceOptions;
  /**
   * Accept requests as jobs, see {@link VtsModuleOptions.jobs}. In `forRootAsync`, this option
   * decides whether; the rest may come from the factory.
   *
   * @default false
   */
  jobs?: boolean | VtsJobsOptions;
}
