import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import type { OpenInferenceOptions } from '../open-inference/open-inference-options.js';
import { VTS_HEALTH_PATHS, VTS_METRICS_OPTIONS, VTS_OPEN_INFERENCE } from '../vts.constants.js';
import type { HealthPaths } from './health-options.js';
import type { ResolvedMetricsOptions } from './metrics/metrics-options.js';

/** The probes of the Open Inference Protocol, below its path. */
const PROTOCOL_PROBES = [
  'health/live',
  'health/ready',
  'models/:model/ready',
  'models/:model/versions/:version/ready',
];

/**
 * The module's own routes, which get a request every few seconds. They are not API requests, and
 * are not in the access log.
 */
@Injectable()
export class InfrastructureRoutes {
  #routes: Set<string> | undefined;

  constructor(
    @Inject(VTS_HEALTH_PATHS) private readonly health: HealthPaths,
    @Inject(VTS_METRICS_OPTIONS) private readonly metrics: ResolvedMetricsOptions | undefined,
    @Inject(VTS_OPEN_INFERENCE) private readonly protocol: OpenInferenceOptions | undefined,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
  ) {}

  has(route: string | undefined): boolean {
    return route !== undefined && (this.#routes ??= this.#all()).has(route);
  }

  /**
   * Computed at the first request, because the global prefix is set after the application was
   * created.
   */
  #all(): Set<string> {
    const prefix = this.config.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
    const { path } = this.protocol ?? {};
    const probes = path === undefined ? [] : PROTOCOL_PROBES.map((probe) => `${path}/${probe}`);
    const paths = [...Object.values(this.health), this.metrics?.path, ...probes];
    return new Set(
      paths
        .filter((path): path is string => path !== undefined)
        .flatMap((path) => [`/${path}`, `/${prefix}/${path}`]),
    );
  }
}
