import type { Registry } from 'prom-client';
import { REQUEST_SECONDS } from '../../observability/metrics/buckets.js';
import { promClient } from '../../observability/metrics/prom-client.js';
import {
  CountMetric,
  SpreadMetric,
  TwoNames,
  type Count,
  type Spread,
} from '../../observability/metrics/series.js';
import type { Connections } from './connections.js';
import type { GrpcCall } from './grpc-call.js';

interface Series {
  readonly total: Count;
  readonly duration: Spread;
}

/** Metrics of gRPC calls by method and status, and of their connections. */
export class GrpcMetrics {
  readonly #series: TwoNames<Series>;
  readonly #inHand = new Map<string, number>();

  constructor(registry: Registry, prefix: string, connections: Connections) {
    const { Gauge } = promClient();
    const registers = [registry];
    const total = new CountMetric(
      registry,
      `${prefix}grpc_requests_total`,
      'gRPC calls that have ended, by status; CANCELLED if the client disconnected first.',
    );
    const duration = new SpreadMetric(
      registry,
      `${prefix}grpc_request_duration_seconds`,
      'Seconds from the arrival of a gRPC call until its status was sent.',
      REQUEST_SECONDS,
    );
    this.#series = new TwoNames((method, status) => {
      const labels = { method, status };
      return { total: total.add(labels), duration: duration.add(labels) };
    });
    const inHand = this.#inHand;
    new Gauge({
      name: `${prefix}grpc_requests_in_progress`,
      help: 'gRPC calls in progress.',
      labelNames: ['method'],
      registers,
      collect() {
        for (const [method, count] of inHand) this.set({ method }, count);
      },
    });
    new Gauge({
      name: `${prefix}grpc_connections`,
      help: 'Connections of gRPC clients.',
      registers,
      collect() {
        this.set(connections.count);
      },
    });
    new Gauge({
      name: `${prefix}grpc_connections_refused`,
      help: 'Connections that were closed at once because there were too many.',
      registers,
      collect() {
        this.set(connections.refused);
      },
    });
  }

  begin({ path }: GrpcCall): void {
    this.#count(path, 1);
  }

  end(call: GrpcCall): void {
    this.#count(call.path, -1);
    const { total, duration } = this.#series.of(methodOf(call.path), call.grpcStatus);
    total.value++;
    duration.observe(call.durationMs / 1000);
  }

  #count(path: string, by: number): void {
    const method = methodOf(path);
    this.#inHand.set(method, (this.#inHand.get(method) ?? 0) + by);
  }
}

/** `inference.GRPCInferenceService/ModelInfer`. */
function methodOf(path: string): string {
  return path.slice(1);
}
