import type { Gauge, Registry } from 'prom-client';
import { Roster } from '../../../serving/runtime/roster.js';
import type { RequestRecord } from '../../http/request-record.js';
import { REQUEST_SECONDS } from './buckets.js';
import { promClient } from './prom-client.js';
import { CountMetric, SpreadMetric, TwoNames, type Count, type Spread } from './series.js';

/** The label of requests that no route serves, because clients can make up their paths. */
const UNMATCHED = 'unmatched';
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

interface RouteSeries {
  readonly route: string;
  readonly method: string;
  readonly statuses: Map<number, StatusSeries>;
  add(status: number): StatusSeries;
}

interface StatusSeries {
  readonly total: Count;
  readonly duration: Spread;
}

/** Metrics of HTTP requests, by method, pattern of the route, and status. */
export class HttpMetrics {
  readonly #inHand = new Roster<RequestRecord>();
  readonly #routes: TwoNames<RouteSeries>;

  constructor(
    registry: Registry,
    prefix: string,
    private readonly isOwn: (route: string | undefined) => boolean,
  ) {
    const { Gauge } = promClient();
    const registers = [registry];
    const total = new CountMetric(
      registry,
      `${prefix}http_requests_total`,
      'HTTP requests that were answered; 499 if the client disconnected first.',
    );
    const duration = new SpreadMetric(
      registry,
      `${prefix}http_request_duration_seconds`,
      'Seconds from the arrival of a request to the end of its response.',
      REQUEST_SECONDS,
    );
    this.#routes = new TwoNames((route, method) => ({
      route,
      method,
      statuses: new Map(),
      add(code) {
        const labels = { method, route, status: String(code) };
        const added = { total: total.add(labels), duration: duration.add(labels) };
        this.statuses.set(code, added);
        return added;
      },
    }));
    const count = (gauge: Gauge<'method' | 'route'>): void => this.#count(gauge);
    new Gauge({
      name: `${prefix}http_requests_in_progress`,
      help: 'HTTP requests in progress.',
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
    const { status } = record;
    const series = this.#routes.of(route ?? UNMATCHED, methodOf(record));
    const { total, duration } = series.statuses.get(status) ?? series.add(status);
    total.value++;
    duration.observe(record.durationMs / 1000);
  }

  /**
   * The route is known only after a request has arrived, so requests are counted when metrics are
   * read.
   */
  #count(gauge: Gauge<'method' | 'route'>): void {
    gauge.reset();
    for (const { method, route } of this.#routes.all()) gauge.set({ method, route }, 0);
    for (const record of this.#inHand) {
      const { route } = record;
      if (!this.isOwn(route)) gauge.inc({ method: methodOf(record), route: route ?? UNMATCHED });
    }
  }
}

/** Node's parser knows about thirty more, which no route serves. */
function methodOf({ request }: RequestRecord): string {
  return METHODS.has(request.method ?? '') ? (request.method as string) : 'OTHER';
}
