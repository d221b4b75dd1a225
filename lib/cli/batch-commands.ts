import { Option, type Command } from 'commander';
import { lazy, outputOption, TARGET } from './command-options.js';
import {
  collect,
  countFrom1,
  names,
  namesOf,
  nonEmpty,
  portNumber,
  positiveNumber,
  probability,
  wholeNumber,
} from './parsers.js';

const BATCH_NOTES = `
Rows that cannot be read or predicted are listed in OUT.errors.jsonl. Finished chunks are in a folder next to OUT until
the run is complete; the same command resumes from them. Masks are PNG files in the folder OUT-masks,
and predicted images in OUT-images.
For S3, set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and AWS_ENDPOINT_URL.

Examples:
  vts batch income people.parquet --out scored.parquet --keep id --columns prediction,score
  vts batch bears photos/ --out bears.csv
  vts batch reviews "data/year=*/**/*.csv" --out scored.jsonl --column review
  vts batch income "s3://bucket/data/*.parquet" --out s3://bucket/scored.parquet`;

const WORKER_NOTES = `
A worker finds models by the digest of their files; names do not matter. It leaves a batch to other workers if it does not
have the model. On SIGTERM, it finishes its current chunks and exits. If a worker is killed, another one takes over.

Examples:
  vts worker --queue redis://queue.example.com --models-dir models/ --root /mnt/data
  VTS_QUEUE=rediss://user:password@host/2 vts worker --root /mnt/data
  vts worker --queue redis://queue.example.com --root s3://bucket/data/ --root s3://bucket/scored/`;

const QUEUE = 'the queue, such as redis://host';

/** The address has a password: an environment variable is not in the list of processes. */
function queueOption(description: string): Option {
  return new Option('--queue <url>', description).env('VTS_QUEUE');
}

/** How a language model continues texts. */
export function addGenerateOptions(command: Command): void {
  command
    .optionsGroup('Options of language models:')
    .option('-n, --words <count>', 'number of words to add (default: 20)', wholeNumber)
    .option(
      '--temperature <value>',
      'randomness; lower values are less random (default: 1)',
      positiveNumber,
    )
    .option('--min-p <probability>', 'never draw words below this probability', probability)
    .option('--seed <number>', 'the same seed gives the same words', wholeNumber)
    .option('--stop <text>', 'stop before this text', nonEmpty)
    .optionsGroup('Options:');
}

export function addBatchCommand(program: Command): void {
  const batch = program
    .command('batch')
    .argument('<target>', TARGET)
    .argument('<inputs...>', 'files, folders, patterns, s3:// addresses, or "-" for standard input')
    .description('predict from files of any size, and resume after a stop')
    .requiredOption(
      '--out <file>',
      'the result: .csv, .tsv, .jsonl or .parquet, or s3://bucket/key',
    )
    .option(
      '--work <folder>',
      'folder for finished chunks (default: next to OUT; for S3, in the store)',
    )
    .addOption(
      new Option(
        '--format <format>',
        'format of the inputs, if their names do not show it',
      ).choices(['csv', 'tsv', 'jsonl', 'parquet', 'lines']),
    )
    .option('--column <name>', 'the column with the text or the image path')
    .option('--keep <names>', 'input columns to keep, separated by commas (default: all)', names)
    .addOption(
      new Option('--columns <parts>', 'prediction, score, probabilities (default: all)').argParser(
        namesOf(['prediction', 'score', 'probabilities']),
      ),
    )
    .option('--embeddings', 'write the embedding of each text (language models)')
    .option('--workers <count>', 'worker threads (default: one per core)', countFrom1)
    .option(
      '--chunk <rows>',
      'rows per chunk; a stopped run repeats only unfinished chunks',
      countFrom1,
    )
    .option(
      '--where <condition>',
      'SQL condition that selects rows: "age >= 18 AND city IS NOT NULL"',
    )
    .option('--limit <rows>', 'maximum number of rows', countFrom1)
    .option('--max-errors <rows>', 'stop after this many failed rows', wholeNumber)
    .option('-f, --force', 'overwrite the output file')
    .option('--restart', 'discard the chunks of an earlier run')
    .optionsGroup('Options of workers on other machines:')
    .addOption(queueOption('the queue for "vts worker" processes, such as redis://host'))
    .option('--root <folder>', 'the shared folder, if workers mount it elsewhere')
    .option('--attempts <count>', 'attempts per chunk (default: 3)', countFrom1)
    .optionsGroup('Options:')
    .addHelpText('after', BATCH_NOTES)
    .action(lazy(async () => (await import('./commands/batch.js')).batch));
  addGenerateOptions(batch);
}

/** Commands for several machines. */
export function addQueueCommands(program: Command): void {
  program
    .command('worker')
    .description('predict the chunks that "vts batch --queue" puts on a queue, until it is stopped')
    .addOption(queueOption(QUEUE))
    .option('--models-dir <folder>', 'a folder of models, in addition to the store')
    .option(
      '--root <place>',
      'the folder or s3://bucket/prefix/ that chunks may use (default: "."); repeatable',
      collect,
    )
    .option('--workers <count>', 'worker threads (default: one per core)', countFrom1)
    .option('--concurrency <count>', 'chunks at a time', countFrom1, 2)
    .option('--keep-models <count>', 'number of models to keep loaded', countFrom1, 4)
    .addHelpText('after', WORKER_NOTES)
    .option('--metrics-port <port>', 'port for /metrics, /livez and /readyz', portNumber)
    .action(lazy(async () => (await import('./commands/worker.js')).worker));

  const queue = program.command('queue').description('show and manage the batches on a queue');
  const of = (name: string, description: string): Command =>
    queue.command(name).description(description).addOption(queueOption(QUEUE));
  const ofBatch = (name: string, description: string): Command =>
    of(name, description).argument('<batch>', 'the id that "vts queue list" shows');

  of('list', 'list the batches on the queue')
    .addOption(outputOption())
    .action(lazy(async () => (await import('./commands/queue.js')).listBatches));
  ofBatch('show', 'show the progress of a batch and its failed chunks')
    .addOption(outputOption())
    .action(lazy(async () => (await import('./commands/queue.js')).showBatch));
  ofBatch('pause', 'pause a batch; workers finish their current chunks').action(
    lazy(async () => (await import('./commands/queue.js')).pauseBatch),
  );
  ofBatch('resume', 'continue a paused batch').action(
    lazy(async () => (await import('./commands/queue.js')).resumeBatch),
  );
  ofBatch('cancel', 'cancel a batch, but keep its finished chunks').action(
    lazy(async () => (await import('./commands/queue.js')).cancelBatch),
  );
  ofBatch('retry', 'retry the failed chunks of a batch').action(
    lazy(async () => (await import('./commands/queue.js')).retryBatch),
  );
}
