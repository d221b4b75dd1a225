import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { hostOptions } from '../host-options.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { VTS_MODULE_OPTIONS } from '../vts.constants.js';
import { AccessLog } from './access-log.js';
import type { Arrival, Next } from '../http/platform.js';
import { InfrastructureRoutes } from './infrastructure-routes.js';
import { Metrics } from './metrics/metrics.js';
import { RequestIds } from './request-id.js';
import { RequestRecord } from '../http/request-record.js';
import { traceCalls, traceSent } from './tracing/call-tracing.js';
import { RequestTracing } from './tracing/request-tracing.js';

/** Gives every request an id, a span, metrics and a line in the log. Each can be turned off. */
@Injectable()
export class HttpObserver implements OnApplicationShutdown {
  /** Whether it gives ids to the requests of all routes, and so must see them. */
  readonly every: boolean;
  readonly #observesAll: boolean;
  readonly #ids: RequestIds | undefined;
  readonly #tracing: RequestTracing | undefined;
  readonly #log: AccessLog | undefined;

  constructor(
    @Inject(VTS_MODULE_OPTIONS) options: VtsModuleOptions,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(InfrastructureRoutes) private readonly infrastructure: InfrastructureRoutes,
  ) {
    const { tracing = true, accessLog = true, requestIds = options.requestId ?? true } = options;
    const host = hostOptions(options);
    this.#observesAll = host.observe;
    this.every = host.requestIds;
    if (requestIds !== false) {
      this.#ids = new RequestIds(typeof requestIds === 'object' ? requestIds : {});
    }
    if (accessLog !== false) this.#log = new AccessLog(accessLog === true ? {} : accessLog);
    if (tracing) {
      this.#tracing = new RequestTracing();
      traceCalls();
    }
    traceSent(tracing);
  }

  /** Creates the record of a request. {@link end} follows when the response has been sent. */
  begin(arrival: Arrival): RequestRecord {
    const own = arrival.endpoint !== undefined;
    const record = new RequestRecord(arrival, own || this.#observesAll);
    if (own || this.every) this.#ids?.give(record);
    if (record.observed) this.metrics.http?.begin(record);
    return record;
  }

  /** Calls `next` in the context of the request's span. */
  enter(record: RequestRecord, next: Next): void {
    if (this.#tracing === undefined || !record.observed) next();
    else this.#tracing.begin(record, next);
  }

  onApplicationShutdown(): void {
    this.#log?.flush();
  }

  end(record: RequestRecord): void {
    if (!record.observed) return;
    this.#tracing?.end(record);
    this.metrics.http?.end(record);
    if (this.#log !== undefined && !this.infrastructure.has(record.route)) this.#log.write(record);
  }
}
