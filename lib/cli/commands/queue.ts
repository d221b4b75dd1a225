import type { BatchAdmin, BatchState } from '../batch/queue/admin.js';
import { CommandError } from '../errors.js';
import { percent } from '../output/bar.js';
import { print, type OutputFormat } from '../output/print.js';
import { formatCount, formatTime, listing, table } from '../output/table.js';

export interface QueueOptions {
  readonly queue?: string;
}
export interface QueueViewOptions extends QueueOptions {
  readonly output: OutputFormat;
}

export async function listBatches({ queue, output }: QueueViewOptions): Promise<void> {
  const batches = await withAdmin(queue, (admin) => admin.list());
  await print(batches.map(plain), output, (screen) =>
    batches.length === 0
      ? screen.look('quiet', 'No batches: vts batch ... --queue begins one')
      : table(
          [
            'Batch',
            'Model',
            'Output',
            'State',
            'Rows',
            'Done',
            'Workers',
            'Waiting',
            'Active',
            'Failed',
          ],
          batches.map((batch) => [
            [batch.id, 'strong'],
            batch.model,
            batch.output,
            stateOf(batch),
            batch.progress ? formatCount(batch.progress.rows) : '',
            shareOf(batch),
            formatCount(batch.progress?.workers ?? 0),
            formatCount(batch.chunks.waiting + batch.chunks.delayed),
            formatCount(batch.chunks.active),
            formatCount(batch.chunks.failed),
          ]),
          screen,
          [4, 5, 6, 7, 8, 9],
        ),
  );
}

export async function showBatch(id: string, { queue, output }: QueueViewOptions): Promise<void> {
  const [batch, failed] = await withAdmin(queue, async (admin) => {
    return [await admin.get(id), await admin.failed(id)] as const;
  });
  await print({ ...plain(batch), failed_chunks: failed }, output, (screen) => {
    const { waiting, active, delayed } = batch.chunks;
    const facts = listing(
      [
        ['Batch', [batch.id, 'strong']],
        ['Model', `${batch.model} (sha256 ${batch.digest})`],
        ['Output', batch.output],
        ['Begun', formatTime(batch.created)],
        ['State', stateOf(batch)],
        ...(batch.progress
          ? ([
              ['Rows', `${formatCount(batch.progress.rows)} (${shareOf(batch)})`],
              ['Rows that failed', formatCount(batch.progress.failed)],
              ['Workers', formatCount(batch.progress.workers)],
            ] as const)
          : []),
        ['Chunks', `${waiting} waiting, ${active} active, ${delayed} retrying`],
      ],
      screen,
    );
    if (failed.length === 0) return facts;
    const rows = failed.map(({ chunk, attempts, reason }) => [
      String(chunk),
      String(attempts),
      reason,
    ]);
    return `${facts}\n\n${table(['Failed chunk', 'Attempts', 'Reason'], rows, screen, [0, 1])}`;
  });
}

export async function pauseBatch(id: string, { queue }: QueueOptions): Promise<void> {
  await withAdmin(queue, (admin) => admin.pause(id));
  done(`Batch ${id} is paused. "vts queue resume ${id}" continues it.`);
}

export async function resumeBatch(id: string, { queue }: QueueOptions): Promise<void> {
  await withAdmin(queue, (admin) => admin.resume(id));
  done(`Batch ${id} continues.`);
}

export async function cancelBatch(id: string, { queue }: QueueOptions): Promise<void> {
  await withAdmin(queue, (admin) => admin.cancel(id));
  done(`Batch ${id} is cancelled. Its finished chunks are kept beside the output.`);
}

export async function retryBatch(id: string, { queue }: QueueOptions): Promise<void> {
  const chunks = await withAdmin(queue, (admin) => admin.retry(id));
  done(chunks === 0 ? `Batch ${id} has no failed chunks.` : `${chunks} chunks wait again.`);
}

function done(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function withAdmin<T>(
  url: string | undefined,
  work: (admin: BatchAdmin) => Promise<T>,
): Promise<T> {
  if (url === undefined) {
    throw new CommandError('No queue is given', 'Add --queue redis://HOST, or set VTS_QUEUE');
  }
  const { BatchAdmin: Admin } = await import('../batch/queue/admin.js');
  return Admin.use(url, work);
}

function stateOf({ paused, chunks }: BatchState): string {
  if (paused) return 'paused';
  if (chunks.failed > 0) return 'has failed chunks';
  return 'running';
}

function shareOf({ progress }: BatchState): string {
  return progress ? percent(Math.min(1, Math.max(0, progress.share))) : '';
}

function plain({ created, progress, ...batch }: BatchState): object {
  return {
    ...batch,
    created: created.toISOString(),
    ...(progress && {
      rows: progress.rows,
      rows_failed: progress.failed,
      share: progress.share,
      workers: progress.workers,
    }),
  };
}
