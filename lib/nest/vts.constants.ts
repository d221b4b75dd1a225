/** Token of the module's options. */
export const VTS_MODULE_OPTIONS = 'VTS:ModuleOptions';

/** Metadata of a class: the tags of the runners that it injects. */
export const VTS_RUNNER_TAGS = 'vts:runner-tags';

/** Token of the classes in `runnables` of the module. */
export const VTS_RUNNABLES = 'VTS:Runnables';

/** Metadata of a handler: its endpoint. */
export const VTS_ENDPOINT = 'vts:endpoint';

/** Context of the module's log lines. */
export const VTS_LOG_CONTEXT = 'VtsServing';

/** Context of the access log's lines. */
export const VTS_ACCESS_CONTEXT = 'VtsAccess';

/** Token of the resolved options of metrics; undefined if they are turned off. */
export const VTS_METRICS_OPTIONS = 'VTS:MetricsOptions';

/** Token of the paths of the probes. */
export const VTS_HEALTH_PATHS = 'VTS:HealthPaths';

/** Token of the resolved options of the Open Inference Protocol, if it is served. */
export const VTS_OPEN_INFERENCE = 'VTS:OpenInference';

/** Token of the resolved options of jobs, if they are turned on. */
export const VTS_JOBS = 'VTS:Jobs';

/**
 * Token of the application's metrics, a `Registry` of prom-client. `/metrics` serves the metrics of
 * this registry together with the module's own.
 *
 * @example
 * constructor(@Inject(VTS_METRICS_REGISTRY) registry: Registry) { this.reviews = new Counter({
 * name: 'reviews_total', help: 'Reviews that came in', registers: [registry] }); }
 *
 * @publicApi
 */
export const VTS_METRICS_REGISTRY = 'VTS:MetricsRegistry';
