import { Command, Option } from 'commander';
import { styleText } from 'node:util';
import { packageVersion } from '../learner/runtime/package-version.js';
import { addLearnerOptions } from './learner-options.js';
import type { OutputFormat } from './output/print.js';
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

const PREDICT_NOTES = `
An INPUT is a text, the path of an image, or a row as JSON, by the kind of the
learner. "-" reads it from stdin, and "@FILE" reads rows from a file. An option
that does not apply to the learner is an error.

Examples:
  vts predict fastai_sentiment "I really liked that movie!"
  vts predict export.pkl photo.jpg
  vts predict street.pkl photo.jpg --out mask.png
  vts predict income '{"age": 48, "workclass": "Private"}' -o json
  vts predict income --csv people.csv --out scored.csv
  vts predict stories "Once upon a time" --words 50 --temperature 0.7 --stop .`;

const DOCTOR_NOTES = `
It lists everything that prevents serving the file, not only the first
problem, and says what to do about each. The exit code is 0 for a file that can be
served, and 1 for one that cannot.

Examples:
  vts doctor export.pkl
  vts doctor fastai_sentiment -o json`;

const BATCH_ID = 'the id that "vts queue list" shows';
const TARGET = 'a tag, or a file, folder or address as import takes them';
const SOURCES =
  'the file that learner.export() wrote, a folder with one, or an address of https:, hf: or s3:';

const IMPORT_NOTES = `
A folder may be a clone from the Hugging Face Hub, a model of MLflow or AutoGluon, or an application with its
learner in model, models or app. HF_TOKEN and AWS_ACCESS_KEY_ID are read from the environment; downloads are kept in
VTS_CACHE (default: downloads in the folder of the store).

Examples:
  vts import export.pkl
  vts import bears ./bear-classifier
  vts import hf://owner/name@main
  vts import s3://bucket/models/bears/export.pkl`;

const COMPARE_NOTES = `
Both versions predict each item, in turns. The report has the share of equal predictions, the largest and the mean
difference of probabilities, and how much faster the second one is.

Examples:
  vts compare fastai_sentiment --quantize int8 --data reviews.csv
  vts compare export.pkl --quantize int8 "I really liked that movie!"
  vts compare pets --decode scaled --data photos/`;

const BATCH_NOTES = `
Rows that cannot be read or predicted are told in OUT.errors.jsonl. Until all is done, finished chunks lie in a folder
beside OUT; the same command goes on with them. Masks are PNG files in the folder OUT-masks.

Examples:
  vts batch income people.parquet --out scored.parquet --keep id --columns prediction,score
  vts batch bears photos/ --out bears.csv
  vts batch reviews "data/year=*/**/*.csv" --out scored.jsonl --column review`;

const WORKER_NOTES = `
Models are found by the digest of their files, whatever their names. A worker leaves batches to others whose model it
does not have. SIGTERM ends it after the chunks at work; a chunk whose worker is killed is taken over.

Examples:
  vts worker --queue redis://queue.example.com --models-dir models/ --root /mnt/data
  VTS_QUEUE=rediss://user:password@host/2 vts worker --root /mnt/data`;

const EXPORT_NOTES = `
The folder of --to onnx gets model.onnx, with labels.txt and vocab.txt where the learner has classes and tokens; that
of --to triton is a model repository. What learner.predict makes of the model's output is in the graph, and so is
fastai's normalization. The file is loaded again and compared with the learner before it is put in its place.

Examples:
  vts export export.pkl exported --to onnx
  vts export bears exported --to onnx --no-normalize --raw --check photo.jpg
  vts export fastai_sentiment models --to triton`;

const SERVE_NOTES = `
One model answers at /predict, /explain and /show; several at /models/NAME/predict and so on.

Examples:
  vts serve export.pkl --open
  vts serve bears/ reviews:latest --samples photos/ --api-key "$KEY"
  vts serve --models-dir /mnt/models --model-name bears --no-page`;

/** Commands that read the file of a learner. */
const TAKE_LEARNERS = 'import inspect doctor predict batch compare export serve'.split(' ');

function outputOption(
  standard: OutputFormat = 'table',
  choices: readonly string[] = ['table', 'json', 'yaml'],
): Option {
  return new Option('-o, --output <format>', 'format of the result')
    .choices(choices)
    .default(standard);
}

/** What a command needs is loaded when it runs, so that help is there at once. */
function lazy<Args extends unknown[]>(
  load: () => Promise<(...args: Args) => Promise<void>>,
): (...args: Args) => Promise<void> {
  return async (...args) => (await load())(...args);
}

export function createProgram(): Command {
  const program = new Command('vts')
    .description('fastai and PyTorch models, from the store to the service, without Python.')
    .version(packageVersion() ?? 'unknown', '-V, --version')
    // An option behind a command is the command's: build has a --version of its own.
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for usage)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'vts: ')) })
    // Commander takes the styles away where the stream has no colours.
    .configureHelp({
      styleTitle: (text) => styleText('bold', text, { validateStream: false }),
      styleSubcommandTerm: (text) => styleText('cyan', text, { validateStream: false }),
      styleOptionTerm: (text) => styleText('cyan', text, { validateStream: false }),
      styleArgumentTerm: (text) => styleText('cyan', text, { validateStream: false }),
    })
    .exitOverride();

  addModelCommands(program);
  addServingCommands(program);
  addBundleCommands(program);
  addQueueCommands(program);
  for (const command of program.commands) {
    if (TAKE_LEARNERS.includes(command.name())) addLearnerOptions(command);
  }
  for (const command of everyCommand(program)) {
    if (command.commands.length > 0) continue;
    command.option(
      '--home <folder>',
      'folder of the model store (default: VTS_HOME, else ~/vtsserving)',
    );
    // A bug report needs the stack.
    command.addOption(new Option('--debug', 'print the stack of an error').hideHelp());
  }
  return program;
}

function addQueueCommands(program: Command): void {
  const queue = program.command('queue').description('look after the batches on a queue');

  queue
    .command('list')
    .description('list the batches that are at work')
    .addOption(queueOption('the queue, such as redis://host'))
    .addOption(outputOption())
    .action(lazy(async () => (await import('./commands/queue.js')).listBatches));

  queue
    .command('show')
    .argument('<batch>', BATCH_ID)
    .description('show how far a batch is, and its failed chunks')
    .addOption(queueOption('the queue, such as redis://host'))
    .addOption(outputOption())
    .action(lazy(async () => (await import('./commands/queue.js')).showBatch));

  queue
    .command('pause')
    .argument('<batch>', BATCH_ID)
    .description('let workers finish their chunks, and take no others')
    .addOption(queueOption('the queue, such as redis://host'))
    .action(lazy(async () => (await import('./commands/queue.js')).pauseBatch));

  queue
    .command('resume')
    .argument('<batch>', BATCH_ID)
    .description('go on with a batch that is paused')
    .addOption(queueOption('the queue, such as redis://host'))
    .action(lazy(async () => (await import('./commands/queue.js')).resumeBatch));

  queue
    .command('cancel')
    .argument('<batch>', BATCH_ID)
    .description('end a batch, and keep its finished chunks')
    .addOption(queueOption('the queue, such as redis://host'))
    .action(lazy(async () => (await import('./commands/queue.js')).cancelBatch));

  queue
    .command('retry')
    .argument('<batch>', BATCH_ID)
    .description('have workers take the failed chunks once more')
    .addOption(queueOption('the queue, such as redis://host'))
    .action(lazy(async () => (await import('./commands/queue.js')).retryBatch));
}

function addModelCommands(program: Command): void {
  const models = program.command('models').description('manage the models of the store');

  models
    .command('list')
    .argument('[name]', 'only models of this name')
    .description('list models, newest first')
    .option('-l, --label <key=value>', 'only models with this label; repeatable', collect)
    .addOption(outputOption())
    .action(lazy(async () => (await import('./commands/models.js')).listModels));

  models
    .command('get')
    .argument('<tag>', 'name, name:version, or name: with the start of a version')
    .description("print a model's model.yaml, or its path")
    .addOption(outputOption('yaml', ['table', 'json', 'yaml', 'path']))
    .action(lazy(async () => (await import('./commands/models.js')).getModel));

  models
    .command('delete')
    .argument('<tags...>', 'models; a bare name means all of its versions')
    .description('delete models')
    .option('-y, --yes', 'do not ask for confirmation')
    .option('-f, --force', 'also delete models that a bundle pins')
    .action(lazy(async () => (await import('./commands/models.js')).deleteModels));

  models
    .command('import')
    .argument(
      '<archive>',
      'a .bentomodel (tar.xz), .tar.gz, .tar or .zip, of this tool or of BentoML',
    )
    .description('import a model from an archive')
    .option('-f, --force', 'replace the model of the same tag')
    .action(lazy(async () => (await import('./commands/models.js')).importModel));

  models
    .command('export')
    .argument('<tag>')
    .argument(
      '[out]',
      'the archive, or a folder for it; .bentomodel, .tar.gz, .tar or .zip (default: NAME-VERSION.bentomodel here)',
    )
    .description('export a model into an archive, which BentoML imports as well')
    .option('-f, --force', 'overwrite the file')
    .action(lazy(async () => (await import('./commands/models.js')).exportModel));

  program
    .command('import')
    .argument('<name>', 'name, or name:version (default: derived from the source)')
    .argument('[source]', SOURCES)
    .usage('[options] [name] <source>')
    .description('import a learner into the store')
    .option('-l, --label <key=value>', 'a label; repeatable', collect)
    .option('-m, --metadata <key=value>', 'a metadata entry; the value is JSON or text', collect)
    .option('--framework-version <package=version>', 'a package that trained it', collect)
    .addHelpText('after', IMPORT_NOTES)
    .action(lazy(async () => (await import('./commands/import.js')).importLearner));
}

/** The address has a password: an environment variable is not in the list of processes. */
function queueOption(description: string): Option {
  return new Option('--queue <url>', description).env('VTS_QUEUE');
}

/** How a language model continues texts. */
function addGenerateOptions(command: Command): void {
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

function addServingCommands(program: Command): void {
  program
    .command('inspect')
    .argument('<target>', TARGET)
    .description('show what a learner takes and predicts, its model and its transforms')
    .option('--globals', 'list every name in its pickle, with what could be done with it')
    .option('--modules', 'list every module of its model')
    .option('--show-code', "print the code of the user's own classes and functions")
    .addOption(outputOption())
    .action(lazy(async () => (await import('./commands/inspect.js')).inspect));

  program
    .command('doctor')
    .argument('<target>', TARGET)
    .description('list everything that prevents serving a file, and what to do about it')
    .addOption(outputOption())
    .addHelpText('after', DOCTOR_NOTES)
    .action(lazy(async () => (await import('./commands/doctor.js')).doctor));

  const predict = program
    .command('predict')
    .argument('<target>', TARGET)
    .argument('[inputs...]', 'texts, images or rows')
    .description('predict from texts, images, rows, or a CSV file')
    .option('--csv <file>', 'score the rows of a CSV file, in constant memory')
    .option('--out <file>', 'where to write the scored rows (default: stdout), or a mask as PNG')
    .option('--column <name>', 'the column of --csv with the text or the image path')
    .option('-f, --force', 'overwrite the file of --out')
    .addOption(
      new Option('-o, --output <format>', 'format of the result (default: "table")').choices([
        'table',
        'json',
        'yaml',
      ]),
    )
    .addHelpText('after', PREDICT_NOTES)
    .action(lazy(async () => (await import('./commands/predict.js')).predict));

  const batch = program
    .command('batch')
    .argument('<target>', TARGET)
    .argument('<inputs...>', 'files, folders, patterns, or "-" for standard input')
    .description('predict from files of any size, and go on where it stopped')
    .requiredOption('--out <file>', 'the result: .csv, .tsv, .jsonl or .parquet')
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
  for (const command of [predict, batch]) addGenerateOptions(command);

  program
    .command('worker')
    .description('predict the chunks that "vts batch --queue" puts on a queue, until it is stopped')
    .addOption(queueOption('the queue, such as redis://host'))
    .option('--models-dir <folder>', 'models, beside those of the store')
    .option('--root <folder>', 'the folder whose files chunks may name', '.')
    .option('--workers <count>', 'threads that predict (default: the cores)', countFrom1)
    .option('--concurrency <count>', 'chunks at a time', countFrom1, 2)
    .option('--keep-models <count>', 'models that stay loaded', countFrom1, 4)
    .addHelpText('after', WORKER_NOTES)
    .option('--metrics-port <port>', 'serve /metrics, /livez and /readyz there', portNumber)
    .action(lazy(async () => (await import('./commands/worker.js')).worker));

  program
    .command('compare')
    .argument('<target>', TARGET)
    .argument('[inputs...]')
    .description('compare a learner with itself under options that change its numbers')
    .addOption(new Option('--quantize <type>', 'weights in 8 bits').choices(['int8']))
    .addOption(
      new Option('--decode <how>', 'JPEGs at a fraction of their size').choices(['scaled']),
    )
    .option(
      '--data <file>',
      'a CSV file, a .txt file with one text per line, or a folder of images',
    )
    .option('--column <name>', 'the column with the text or the image path')
    .option('--limit <count>', 'most items', wholeNumber, 1000)
    .addOption(outputOption())
    .addHelpText('after', COMPARE_NOTES)
    .action(lazy(async () => (await import('./commands/compare.js')).compare));

  program
    .command('export')
    .argument('<target>', TARGET)
    .argument('<folder>', 'where the files go')
    .description('write a model as ONNX for other programs, or for Triton Inference Server')
    .addOption(
      new Option('--to <format>', 'an ONNX file, or a model repository of Triton')
        .choices(['onnx', 'triton'])
        .makeOptionMandatory(),
    )
    .option('--opset <number>', "version of ONNX's operators (default: 17)", wholeNumber)
    .option('--no-normalize', "leave fastai's normalization to the caller")
    .addOption(
      new Option('--pixels <type>', 'how pixels are given (default: "uint8")').choices([
        'uint8',
        'float32',
      ]),
    )
    .option('--raw', "the model's own output, without the activation of its loss")
    .option(
      '--check <input>',
      'an input to compare on, as predict takes it (default: a made-up one)',
    )
    .optionsGroup('Options of --to triton:')
    .option('--name <name>', "the model's name (default: that of the tag or file)")
    .option('--model-version <number>', 'its version (default: the next one)', wholeNumber)
    .option('--max-batch-size <rows>', 'rows in one batch, at most (default: 32)', wholeNumber)
    .optionsGroup('Options:')
    .option('-f, --force', 'overwrite existing files')
    .addOption(outputOption())
    .addHelpText('after', EXPORT_NOTES)
    .action(lazy(async () => (await import('./commands/export.js')).exportForServers));

  program
    .command('serve')
    .argument('[targets...]', 'files or folders of learners, tags, or URLs')
    .description('serve models over HTTP, with a page, documentation, metrics and health checks')
    .addOption(
      new Option('-p, --port <port>', 'port; 0 picks a free one')
        .argParser(portNumber)
        .default(3000)
        .env('PORT'),
    )
    .option('--host <address>', 'address to listen on', '0.0.0.0')
    .option('--grpc-port <port>', 'serve gRPC as well; 0 picks a free port', portNumber)
    .option('--models-dir <folder>', 'all models of a folder, instead of targets')
    .option('--model-name <name>', 'name of the one model')
    .option('--open', 'open the page in the browser')
    .option('--no-page', 'serve no page')
    .option('--samples <folder>', 'images or texts (.txt) to try on the page')
    .option(
      '--cors [origins]',
      'let pages of other origins call: all, or a list separated by commas',
    )
    .addOption(new Option('--api-key <key>', 'a key that requests must send').env('VTS_API_KEY'))
    .addOption(
      new Option('--log-format <format>', 'format of the log')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('--workers <count>', 'worker threads, each with a copy of the model', wholeNumber)
    .option('--threads <count>', 'threads within one run', wholeNumber)
    .option('--timeout <ms>', 'time limit of a request in milliseconds', wholeNumber)
    .addOption(new Option('--quantize <type>', 'run with weights in 8 bits').choices(['int8']))
    .option('--watch', 'switch to each newer version of a model')
    .addHelpText('after', SERVE_NOTES)
    .action(lazy(async () => (await import('./commands/serve.js')).serve));
}

function addBundleCommands(program: Command): void {
  program
    .command('build')
    .argument('[folder]', 'the project', '.')
    .description('build a bundle that runs anywhere, from vtsfile.yaml')
    .option('-f, --file <file>', 'the build file (default: vtsfile.yaml, else bentofile.yaml)')
    .option('--name <name>', 'name of the bundle')
    .option('--version <version>', 'version of the bundle (default: one that sorts by time)')
    .option('--slim', 'build its image in stages, without the binaries of other platforms')
    .option('--kubernetes', 'write Kubernetes manifests into the bundle')
    .addOption(outputOption())
    .action(lazy(async () => (await import('./commands/build.js')).build));

  program
    .command('containerize')
    .argument('<bundle>', 'tag or folder of a bundle')
    .description('build a container image of a bundle, with docker, podman or buildah')
    .option('-t, --image-tag <name:tag>', "the image's name; repeatable", collect)
    .addOption(
      new Option('--backend <tool>', 'the tool (default: the first on the PATH)').choices([
        'docker',
        'podman',
        'buildah',
      ]),
    )
    .option('--opt <option>', 'an option for the tool, such as --opt=--no-cache', collect)
    .action(lazy(async () => (await import('./commands/containerize.js')).containerize));
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
