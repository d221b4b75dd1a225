import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { VTS_HEALTH_PATHS, VTS_METRICS_OPTIONS } from '../vts.constants.js';
import type { HealthPaths } from './health-options.js';
import type { ResolvedMetricsOptions } from './metrics/metrics-options.js';

/**
 * The module's own routes, which are asked every few seconds: no API requests, and nothing for the
 * access log.
 */
@Injectable()
export class InfrastructureRoutes {
  #routes: Set<string> | undefined;

  constructor(
    @Inject(VTS_HEALTH_PATHS) private readonly health: HealthPaths,
    @Inject(VTS_METRICS_OPTIONS) private readonly metrics: ResolvedMetricsOptions | undefined,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
  ) {}

  has(route: string | undefined): boolean {
    return route !== undefined && (this.#routes ??= this.#all()).has(route);
  }

  /** Not before the first request: the global prefix is set after the application was made. */
  #all(): Set<string> {
    const prefix = this.config.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
    const paths = [...Object.values(this.health), this.metrics?.path];
    return new Set(
      paths
        .filter((path): path is string => path !== undefined)
        .flatMap((path) => [`/${path}`, `/${prefix}/${path}`]),
    );
  }
}
