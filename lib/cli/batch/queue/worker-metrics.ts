import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { QueueConnectionOptions } from '../../../serving/queue/connection.js';
import { CommandError } from '../../errors.js';
import { BatchAdmin, type BatchState } from './admin.js';
import type { ChunkDone } from './work.js';

export interface MetricsSource {
  /** Whether Redis answers and the worker takes chunks. */
  readonly isReady: () => boolean;
  readonly connection: QueueConnectionOptions;
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Prometheus waits ten seconds by default. */
const MOST_MS = 5000;

/** The work of a worker since it started, and the chunks on the queue, for Prometheus. */
export class WorkerMetrics {
  readonly #registry = new Registry();
  readonly #rows = this.#counter('vts_batch_rows_total', 'Rows of finished chunks.');
  readonly #failed = this.#counter(
    'vts_batch_rows_failed_total',
    'Rows that could not be predicted.',
  );
  readonly #seconds = new Histogram({
    name: 'vts_batch_chunk_seconds',
    help: 'Duration of a chunk in seconds.',
    labelNames: ['model'],
    buckets: [0.1, 0.3, 1, 3, 10, 30, 100, 300],
    registers: [this.#registry],
  });

  /** Counts a finished chunk. */
  readonly onChunk = ({ model, rows, failed, seconds }: ChunkDone): void => {
    this.#rows.inc({ model }, rows);
    this.#failed.inc({ model }, failed);
    this.#seconds.observe({ model }, seconds);
  };

  /**
   * Serves `/metrics`, `/livez` and `/readyz`.
   *
   * @throws CommandError if the port is in use.
   */
  async serve(port: number, { isReady, connection }: MetricsSource): Promise<MetricsServer> {
    const admin = new BatchAdmin(connection);
    this.#gauge(() => admin.list());
    const answers: Readonly<Record<string, (response: ServerResponse) => Promise<void> | void>> = {
      '/livez': (response) => answer(response, 200, 'ok'),
      '/readyz': (response) =>
        isReady() ? answer(response, 200, 'ok') : answer(response, 503, 'Redis does not answer'),
      '/metrics': async (response) =>
        answer(response, 200, await this.#registry.metrics(), this.#registry.contentType),
    };
    const server = createServer({ requestTimeout: MOST_MS }, (request, response) => {
      const [path = ''] = (request.url ?? '').split('?');
      const known = Object.hasOwn(answers, path) ? answers[path] : undefined;
      if (known === undefined || request.method !== 'GET')
        return answer(response, 404, 'not found');
      Promise.resolve(known(response)).catch(() => answer(response, 500, 'failed'));
    });
    server.listen(port);
    await once(server, 'listening').catch((error: unknown) => {
      throw new CommandError(
        `Port ${port} cannot be used for metrics: ${(error as Error).message}`,
        'Give another --metrics-port',
      );
    });
    return {
      port: (server.address() as AddressInfo).port,
      close: async () => {
        server.close();
        server.closeAllConnections();
        await admin.close();
      },
    };
  }

  #counter(name: string, help: string): Counter<'model'> {
    return new Counter({ name, help, labelNames: ['model'], registers: [this.#registry] });
  }

  #gauge(list: () => Promise<BatchState[]>): void {
    new Gauge({
      name: 'vts_batch_chunks',
      help: 'Chunks on the queue, of all batches of a model. Each worker reports the same number.',
      labelNames: ['model', 'state'],
      registers: [this.#registry],
      async collect() {
        this.reset();
        for (const { model, chunks } of await withinTime(list())) {
          for (const [state, count] of Object.entries(chunks)) this.inc({ model, state }, count);
        }
      },
    });
  }
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type }).end(`${body}\n`);
}

/** If Redis does not answer, the other metrics still appear. */
async function withinTime(listing: Promise<BatchState[]>): Promise<BatchState[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<BatchState[]>((resolve) => {
    timer = setTimeout(resolve, MOST_MS, []);
  });
  return Promise.race([listing.catch(() => []), late]).finally(() => clearTimeout(timer));
}
