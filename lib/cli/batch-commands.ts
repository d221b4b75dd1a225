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
Rows that cannot be read or predicted are told in OUT.errors.jsonl. Until all is done, finished chunks lie in a folder
beside OUT; the same command goes on with them. Masks are PNG files in the folder
OUT-masks, and predicted images in OUT-images.
Objects of S3: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL.

Examples:
  vts batch income people.parquet --out scored.parquet --keep id --columns prediction,score
  vts batch bears photos/ --out bears.csv
  vts batch reviews "data/year=*/**/*.csv" --out scored.jsonl --column review
  vts batch income "s3://bucket/data/*.parquet" --out s3://bucket/scored.parquet`;

const WORKER_NOTES = `
Models are found by the digest of their files, whatever their names. A worker leaves batches to others whose model it
does not have. SIGTERM ends it after the chunks at work; a chunk whose worker is killed is taken over.

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
      'randomness: below 1 less, above 1 more (default: 1)',
      positiveNumber,
    )
    .option('--min-p <probability>', 'do not draw words that are less likely', probability)
    .option('--seed <number>', 'the same seed draws the same words', wholeNumber)
    .option('--stop <text>', 'end before this text', nonEmpty)
    .optionsGroup('Options:');
}

export function addBatchCommand(program: Command): void {
  const batch = program
    .command('batch')
    .argument('<target>', TARGET)
    .argument('<inputs...>', 'files, folders, patterns, s3:// addresses, or "-" for standard input')
    .description('predict from files of any size, and go on where it stopped')
    .requiredOption(
      '--out <file>',
      'the result: .csv, .tsv, .jsonl or .parquet, or s3://bucket/key',
    )
    .option(
      '--work <folder>',
      'where finished chunks lie (default: beside OUT; for S3, in the store)',
    )
    .addOption(
      new Option('--format <format>', 'of inputs whose names do not tell it').choices([
        'csv',
        'tsv',
        'jsonl',
        'parquet',
        'lines',
      ]),
    )
    .option('--column <name>', 'the column with the text or the image path')
    .option('--keep <names>', 'columns of the input to keep, with commas (default: all)', names)
    .addOption(
      new Option('--columns <parts>', 'prediction, score, probabilities (default: all)').argParser(
        namesOf(['prediction', 'score', 'probabilities']),
      ),
    )
    .option('--embeddings', 'of a language model: the embedding of each text')
    .option('--workers <count>', 'threads that predict (default: the cores)', countFrom1)
    .option('--chunk <rows>', 'rows of a chunk, which is done or not as a whole', countFrom1)
    .option(
      '--where <condition>',
      'rows to predict, as SQL tells them: "age >= 18 AND city IS NOT NULL"',
    )
    .option('--limit <rows>', 'most rows', countFrom1)
    .option('--max-errors <rows>', 'stop after so many rows that fail', wholeNumber)
    .option('-f, --force', 'overwrite the file of --out')
    .option('--restart', 'forget what an earlier run has done')
    .optionsGroup('Options of workers on other machines:')
    .addOption(queueOption('where "vts worker" processes take chunks, such as redis://host'))
    .option('--root <folder>', 'a folder of input and output that workers have elsewhere')
    .option('--attempts <count>', 'how often a chunk is tried (default: 3)', countFrom1)
    .optionsGroup('Options:')
    .addHelpText('after', BATCH_NOTES)
    .action(lazy(async () => (await import('./commands/batch.js')).batch));
  addGenerateOptions(batch);
}

/** Commands of those who have several machines. */
export function addQueueCommands(program: Command): void {
  program
    .command('worker')
    .description('predict the chunks that "vts batch --queue" puts on a queue, until it is stopped')
    .addOption(queueOption(QUEUE))
    .option('--models-dir <folder>', 'models, beside those of the store')
    .option(
      '--root <place>',
      'what chunks may name: a folder (default: "."), s3://bucket/prefix/; repeatable',
      collect,
    )
    .option('--workers <count>', 'threads that predict (default: the cores)', countFrom1)
    .option('--concurrency <count>', 'chunks at a time', countFrom1, 2)
    .option('--keep-models <count>', 'models that stay loaded', countFrom1, 4)
    .addHelpText('after', WORKER_NOTES)
    .option('--metrics-port <port>', 'serve /metrics, /livez and /readyz there', portNumber)
    .action(lazy(async () => (await import('./commands/worker.js')).worker));

  const queue = program.command('queue').description('look after the batches on a queue');
  const of = (name: string, description: string): Command =>
    queue.command(name).description(description).addOption(queueOption(QUEUE));
  const ofBatch = (name: string, description: string): Command =>
    of(name, description).argument('<batch>', 'the id that "vts queue list" shows');

  of('list', 'list the batches that are at work')
    .addOption(outputOption())
    .action(lazy(async () => (await import('./commands/queue.js')).listBatches));
  ofBatch('show', 'show how far a batch is, and its failed chunks')
    .addOption(outputOption())
    .action(lazy(async () => (await import('./commands/queue.js')).showBatch));
  ofBatch('pause', 'let workers finish their chunks, and take no others').action(
    lazy(async () => (await import('./commands/queue.js')).pauseBatch),
  );
  ofBatch('resume', 'continue a paused batch').action(
    lazy(async () => (await import('./commands/queue.js')).resumeBatch),
  );
  ofBatch('cancel', 'end a batch, and keep its finished chunks').action(
    lazy(async () => (await import('./commands/queue.js')).cancelBatch),
  );
  ofBatch('retry', 'let workers try the failed chunks again').action(
    lazy(async () => (await import('./commands/queue.js')).retryBatch),
  );
}
