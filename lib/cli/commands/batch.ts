import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { defined } from '../batch/defined.js';
import type { InputFormat } from '../batch/files.js';
import type { Part } from '../batch/layout.js';
import { outputPath, refuseOutput } from '../batch/put-result.js';
import type { BatchProgress } from '../batch/run-batch.js';
import { CommandError } from '../errors.js';
import { learnerOptionsOf, refuseForStored, type LearnerFlags } from '../learner-options.js';
import type { StoreOptions } from '../options.js';
import { bar, percent } from '../output/bar.js';
import { withStatus, withWait } from '../output/status.js';
import type { GenerateSettings } from '../predict/given-options.js';
import { isS3 } from '../s3/address.js';
import { withSource } from '../source/with-source.js';
import { defaultHome, resolveHome } from '../../serving/store/home.js';

export interface BatchOptions extends StoreOptions, LearnerFlags, GenerateSettings {
  readonly out: string;
  readonly work?: string;
  readonly format?: Exclude<InputFormat, 'item'>;
  readonly column?: string;
  readonly keep?: readonly string[];
  readonly columns?: readonly Part[];
  readonly embeddings?: boolean;
  readonly workers?: number;
  readonly chunk?: number;
  readonly where?: string;
  readonly limit?: number;
  readonly maxErrors?: number;
  readonly force?: boolean;
  readonly restart?: boolean;
  readonly queue?: string;
  readonly root?: string;
  readonly attempts?: number;
}

export async function batch(
  target: string,
  inputs: readonly string[],
  options: BatchOptions,
): Promise<void> {
  const { out, force = false, restart = false, queue, root, where } = options;
  await refuseOutput(outputPath(out), force);
  if (queue !== undefined && inputs.includes('-')) {
    throw new CommandError(
      'Workers on other machines cannot read standard input',
      'Give files, or leave --queue out',
    );
  }
  if (where !== undefined) (await import('../batch/where/parse-where.js')).parseWhere(where);
  // The engine loads only after the options are checked, so that an error comes at once.
  (await import('../batch/sinks.js')).sinkOf(out);
  const { openBatch } = await import('../batch/open-batch.js');
  await withInputs(inputs, options.format, (given, spooled) =>
    withSource(target, options, async (source) => {
      const { words, temperature, minP, seed, stop, format, column, keep, columns } = options;
      const { embeddings = false, workers, chunk, limit, maxErrors, attempts = 3 } = options;
      if (source.model) refuseForStored(options, target, 'give the file');
      const opened = await withWait(`loading ${target}`, () =>
        openBatch(source, given, {
          ...defined({ words, temperature, minP, seed, stop }),
          out,
          work: workFolder(options),
          format,
          column,
          keep,
          columns,
          embeddings,
          workers,
          chunk,
          ...(where !== undefined && { where }),
          limit,
          maxErrors,
          force,
          // Earlier input cannot be read again.
          restart: restart || spooled,
          load: learnerOptionsOf(options),
          ...(queue !== undefined && { queue: { url: queue, root, attempts } }),
        }),
      );
      try {
        const start = performance.now();
        const { rows, failed, errors } = await withStatus((show) =>
          opened.run((progress) => show(lineOf(progress, start))),
        );
        const failures = failed > 0 ? `; ${failed} failed, see ${errors}` : '';
        process.stderr.write(`${rows - failed} rows predicted to ${out}${failures}.\n`);
      } finally {
        await opened.release();
      }
    }),
  );
}

/**
 * Where chunks are until the output is complete, because an object does not have a folder beside
 * it.
 */
function workFolder({ out, work, home }: BatchOptions): string | undefined {
  if (work !== undefined || !isS3(out)) return work;
  return join(home === undefined ? defaultHome() : resolveHome(home), 'batches');
}

/** Standard input is stored in a file, which is read like others. */
async function withInputs(
  inputs: readonly string[],
  format: InputFormat | undefined,
  work: (inputs: readonly string[], spooled: boolean) => Promise<void>,
): Promise<void> {
  if (!inputs.includes('-')) return work(inputs, false);
  if (inputs.length > 1 || format === undefined) {
    throw new CommandError(
      inputs.length > 1
        ? 'Standard input and files cannot be combined'
        : 'Standard input does not have a known format',
      inputs.length > 1 ? 'Give either' : 'Add --format csv, tsv, jsonl, parquet or lines',
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'vts-batch-'));
  try {
    const file = join(folder, 'stdin');
    await pipeline(process.stdin, createWriteStream(file));
    await work([file], true);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const BAR = 24;

/** `██████░░ 41.20 %  52,000 rows, 1,300/s, 57 s left`. */
function lineOf({ rows, before, failed, share, workers }: BatchProgress, start: number): string {
  const seconds = Math.max(0.001, (performance.now() - start) / 1000);
  const rate = (rows - before) / seconds;
  const left = share > 0 && rate > 0 ? Math.ceil((rows / share - rows) / rate) : undefined;
  const parts = [
    `${rows.toLocaleString('en')} rows`,
    `${Math.round(rate).toLocaleString('en')}/s`,
    ...(workers === undefined ? [] : [`${workers} ${workers === 1 ? 'worker' : 'workers'}`]),
    ...(failed > 0 ? [`${failed.toLocaleString('en')} failed`] : []),
    ...(left === undefined
      ? []
      : [left >= 90 ? `${Math.ceil(left / 60)} min left` : `${left} s left`]),
  ];
  return `${bar(share, BAR).padEnd(BAR, '░')} ${percent(Math.min(1, share))}  ${parts.join(', ')}`;
}
