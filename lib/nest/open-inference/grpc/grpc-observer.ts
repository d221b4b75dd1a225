import type { Registry } from 'prom-client';
import { AccessLog } from '../../observability/access-log.js';
import type { ResolvedMetricsOptions } from '../../observability/metrics/metrics-options.js';
import { RequestIds } from '../../observability/request-id.js';
import type { VtsModuleOptions } from '../../vts-module-options.interface.js';
import type { Connections } from './connections.js';
import type { GrpcCall } from './grpc-call.js';
import { GrpcMetrics } from './grpc-metrics.js';
import { GrpcTracing } from './grpc-tracing.js';
import { textOf } from './metadata.js';

/** Observes every gRPC call, as `HttpObserver` does for requests, with the same options. */
export class GrpcObserver {
  readonly ids: RequestIds | undefined;
  readonly #tracing: GrpcTracing | undefined;
  readonly #log: AccessLog | undefined;
  readonly #metrics: GrpcMetrics | undefined;

  constructor(
    {
      tracing = true,
      accessLog = true,
      requestId = true,
      requestIds = requestId,
    }: VtsModuleOptions,
    metrics: ResolvedMetricsOptions | undefined,
    registry: Registry,
    connections: Connections,
  ) {
    if (requestIds !== false) {
      this.ids = new RequestIds(typeof requestIds === 'object' ? requestIds : {});
    }
    if (accessLog !== false) this.#log = new AccessLog(accessLog === true ? {} : accessLog);
    if (tracing) this.#tracing = new GrpcTracing();
    if (metrics !== undefined) {
      this.#metrics = new GrpcMetrics(registry, metrics.prefix, connections);
    }
  }

  begin(call: GrpcCall): void {
    if (this.ids !== undefined)
      call.requestId = this.ids.idFor(textOf(call.metadata, this.ids.key));
    this.#tracing?.begin(call);
    this.#metrics?.begin(call);
  }

  /** Serves the call in the context of its span. */
  within<T>(call: GrpcCall, work: () => T): T {
    return this.#tracing === undefined ? work() : this.#tracing.within(call, work);
  }

  end(call: GrpcCall): void {
    this.#tracing?.end(call);
    this.#metrics?.end(call);
    this.#log?.write(call);
  }

  flush(): void {
    this.#log?.flush();
  }
}
