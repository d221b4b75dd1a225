import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { VTS_MODULE_OPTIONS } from '../vts.constants.js';
import { AccessLog } from './access-log.js';
import type { HttpRequest, HttpResponse } from '../http/http.js';
import { InfrastructureRoutes } from './infrastructure-routes.js';
import { Metrics } from './metrics/metrics.js';
import { RequestIds } from './request-id.js';
import { RequestRecord } from '../http/request-record.js';
import { traceCalls } from './tracing/call-tracing.js';
import { RequestTracing } from './tracing/request-tracing.js';

/**
 * What is told of every request: its id, its span, its metrics and its line in the log. Each may be
 * turned off.
 */
@Injectable()
export class HttpObserver implements OnApplicationShutdown {
  readonly #ids: RequestIds | undefined;
  readonly #tracing: RequestTracing | undefined;
  readonly #log: AccessLog | undefined;

  constructor(
    @Inject(VTS_MODULE_OPTIONS) options: VtsModuleOptions,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(InfrastructureRoutes) private readonly infrastructure: InfrastructureRoutes,
  ) {
    const { requestId = true, tracing = true, accessLog = true } = options;
    if (requestId !== false) this.#ids = new RequestIds(requestId === true ? {} : requestId);
    if (accessLog !== false) this.#log = new AccessLog(accessLog === true ? {} : accessLog);
    if (tracing) {
      this.#tracing = new RequestTracing();
      traceCalls();
    }
  }

  /** Makes the record of a request. {@link end} follows when the response is out. */
  begin(request: HttpRequest, response: HttpResponse): RequestRecord {
    const record = new RequestRecord(request, response);
    this.#ids?.give(record);
    this.metrics.http?.begin(record);
    return record;
  }

  /** Calls `next` in the context of the request's span. */
  enter(record: RequestRecord, next: () => void): void {
    if (this.#tracing === undefined) next();
    else this.#tracing.begin(record, next);
  }

  onApplicationShutdown(): void {
    this.#log?.flush();
  }

  end(record: RequestRecord): void {
    this.#tracing?.end(record);
    this.metrics.http?.end(record);
    if (this.#log !== undefined && !this.infrastructure.has(record.route)) this.#log.write(record);
  }
}
