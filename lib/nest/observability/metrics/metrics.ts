import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { RunnerRegistry } from '../../injection/runner.registry.js';
import { VTS_METRICS_OPTIONS, VTS_METRICS_REGISTRY } from '../../vts.constants.js';
import { InfrastructureRoutes } from '../infrastructure-routes.js';
import { HttpMetrics } from './http-metrics.js';
import type { ResolvedMetricsOptions } from './metrics-options.js';
import { processMetrics } from './process-metrics.js';
import { RunnerMetrics } from './runner-metrics.js';

/** The metrics of one application. */
@Injectable()
export class Metrics implements OnApplicationShutdown {
  /** Undefined if metrics are turned off. */
  readonly http: HttpMetrics | undefined;
  readonly #runners: RunnerMetrics | undefined;

  constructor(
    @Inject(VTS_METRICS_OPTIONS) private readonly options: ResolvedMetricsOptions | undefined,
    @Inject(VTS_METRICS_REGISTRY) private readonly registry: Registry,
    @Inject(RunnerRegistry) runners: RunnerRegistry,
    @Inject(InfrastructureRoutes) routes: InfrastructureRoutes,
  ) {
    if (options === undefined) return;
    const { prefix, labels } = options;
    registry.setDefaultLabels(labels);
    this.http = new HttpMetrics(registry, prefix, (route) => routes.has(route));
    this.#runners = new RunnerMetrics(registry, prefix, () => runners.used.values());
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** All metrics in Prometheus' text format. */
  async text(): Promise<string> {
    const { defaultMetrics = false, labels = {} } = this.options ?? {};
    const texts = [this.registry, ...(defaultMetrics ? [processMetrics(labels)] : [])];
    return (await Promise.all(texts.map((registry) => registry.metrics()))).join('');
  }

  onApplicationShutdown(): void {
    this.#runners?.close();
  }
}
