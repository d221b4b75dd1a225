import type { BatchWorker } from '../batch/queue/work.js';
import type { MetricsServer, WorkerMetrics } from '../batch/queue/worker-metrics.js';
import { CommandError } from '../errors.js';
import type { StoreOptions } from '../options.js';

export interface WorkerOptions extends StoreOptions {
  readonly queue?: string;
  readonly modelsDir?: string;
  readonly root?: readonly string[];
  readonly workers?: number;
  readonly concurrency: number;
  readonly keepModels: number;
  readonly metricsPort?: number;
}

/** Predicts the chunks of batches on a queue until a signal ends it. */
export async function worker({
  queue,
  metricsPort,
  root: roots = ['.'],
  ...options
}: WorkerOptions): Promise<void> {
  if (queue === undefined) {
    throw new CommandError('No queue is given', 'Give --queue redis://HOST, or set VTS_QUEUE');
  }
  const { startWorker } = await import('../batch/queue/work.js');
  const metrics = metricsPort === undefined ? undefined : await newMetrics();
  const started = await startWorker({ ...options, roots, url: queue, onChunk: metrics?.onChunk });
  const server = metrics && (await serve(metrics, started, metricsPort!));
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    // The second one does not wait.
    if (++signals > 1) process.exit(signal === 'SIGINT' ? 130 : 143);
    process.stderr.write(
      'Stopping after the current chunks. Send the signal again to stop at once.\n',
    );
    started.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  await started.ended;
  await server?.close();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
}

async function newMetrics(): Promise<WorkerMetrics> {
  return new (await import('../batch/queue/worker-metrics.js')).WorkerMetrics();
}

async function serve(
  metrics: WorkerMetrics,
  worker: BatchWorker,
  port: number,
): Promise<MetricsServer> {
  try {
    const isReady = (): boolean => worker.isReady;
    return await metrics.serve(port, { isReady, connection: worker.connection.options });
  } catch (error) {
    worker.stop();
    await worker.ended;
    throw error;
  }
}
