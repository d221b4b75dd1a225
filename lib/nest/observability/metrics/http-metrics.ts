import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RequestRecord } from '../../http/request-record.js';
import { REQUEST_SECONDS } from './buckets.js';

/** The label of requests that no route serves: their paths are whatever a client makes up. */
const UNMATCHED = 'unmatched';
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Metrics of HTTP requests, by method, pattern of the route, and status. */
export class HttpMetrics {
  readonly #total: Counter<'method' | 'route' | 'status'>;
  readonly #duration: Histogram<'method' | 'route' | 'status'>;
  readonly #inHand = new Set<RequestRecord>();
  readonly #labels = new Map<string, { method: string; route: string; status: string }>();

  constructor(
    registry: Registry,
    prefix: string,
    private readonly isOwn: (route: string | undefined) => boolean,
  ) {
    const registers = [registry];
    this.#total = new Counter({
      name: `${prefix}http_requests_total`,
      help: 'HTTP requests that were answered; 499 where the client left before.',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.#duration = new Histogram({
      name: `${prefix}http_request_duration_seconds`,
      help: 'Seconds from the arrival of a request until its response was out.',
      labelNames: ['method', 'route', 'status'],
      buckets: REQUEST_SECONDS,
      registers,
    });
    const count = (gauge: Gauge<'method' | 'route'>): void => this.#count(gauge);
    new Gauge({
      name: `${prefix}http_requests_in_progress`,
      help: 'HTTP requests that are being served.',
      labelNames: ['method', 'route'],
      registers,
      collect() {
        count(this);
      },
    });
  }

  begin(record: RequestRecord): void {
    this.#inHand.add(record);
  }

  end(record: RequestRecord): void {
    this.#inHand.delete(record);
    const { route } = record;
    if (this.isOwn(route)) return;
    const labels = this.#labelsOf(methodOf(record), route ?? UNMATCHED, record.status);
    this.#total.inc(labels);
    this.#duration.observe(labels, record.durationMs / 1000);
  }

  /**
   * The route is known only after the request has come, so requests are counted when somebody asks.
   */
  #count(gauge: Gauge<'method' | 'route'>): void {
    gauge.reset();
    for (const { method, route } of this.#labels.values()) gauge.set({ method, route }, 0);
    for (const record of this.#inHand) {
      const { route } = record;
      if (!this.isOwn(route)) gauge.inc({ method: methodOf(record), route: route ?? UNMATCHED });
    }
  }

  #labelsOf(
    method: string,
    route: string,
    status: number,
  ): { method: string; route: string; status: string } {
    const key = `${status} ${method} ${route}`;
    let labels = this.#labels.get(key);
    if (labels === undefined) {
      labels = { method, route, status: String(status) };
      this.#labels.set(key, labels);
    }
    return labels;
  }
}

/** Node's parser knows some thirty more, which no route serves. */
function methodOf({ request }: RequestRecord): string {
  return METHODS.has(request.method ?? '') ? (request.method as string) : 'OTHER';
}
