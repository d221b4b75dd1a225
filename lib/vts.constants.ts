/** Token of the module's options. @internal */
export const VTS_MODULE_OPTIONS = 'VTS:ModuleOptions';

/** Metadata of a class: the tags of the runners that it injects. @internal */
export const VTS_RUNNER_TAGS = 'vts:runner-tags';

/** Metadata of a class: the runnables whose runners it injects. @internal */
export const VTS_RUNNER_CLASSES = 'vts:runner-classes';

/** Metadata of a class: what it is as a runnable. @internal */
export const VTS_RUNNABLE = 'vts:runnable';

/** Metadata of a prototype: its runnable methods. @internal */
export const VTS_RUNNABLE_METHODS = 'vts:runnable-methods';

/** Token of the classes in `runnables` of the module. @internal */
export const VTS_RUNNABLES = 'VTS:Runnables';

/** Metadata of a handler: its endpoint. @internal */
export const VTS_ENDPOINT = 'vts:endpoint';

/** Context of the module's log lines. @internal */
export const VTS_LOG_CONTEXT = 'VtsServing';

/** Context of the access log's lines. @internal */
export const VTS_ACCESS_CONTEXT = 'VtsAccess';

/** Token of the resolved options of metrics; undefined where they are turned off. @internal */
export const VTS_METRICS_OPTIONS = 'VTS:MetricsOptions';

/** Token of the paths of the probes. @internal */
export const VTS_HEALTH_PATHS = 'VTS:HealthPaths';

/**
 * Token of the application's metrics, a `Registry` of prom-client: what is registered there is served at `/metrics`
 * together with the module's own.
 *
 * @example
 * constructor(@Inject(VTS_METRICS_REGISTRY) registry: Registry) {
 *   this.reviews = new Counter({ name: 'reviews_total', help: 'Reviews that came in', registers: [registry] });
 * }
 *
 * @publicApi
 */
export const VTS_METRICS_REGISTRY = 'VTS:MetricsRegistry';
