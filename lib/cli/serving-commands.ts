import { Option, type Command } from 'commander';
import { addBatchCommand, addGenerateOptions } from './batch-commands.js';
import { lazy, outputOption, TARGET } from './command-options.js';
import { portNumber, wholeNumber } from './parsers.js';

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

const COMPARE_NOTES = `
Both versions predict each item, in turns. The report has the share of equal predictions, the largest and the mean
difference of probabilities, and how much faster the second one is.

Examples:
  vts compare fastai_sentiment --quantize int8 --data reviews.csv
  vts compare export.pkl --quantize int8 "I really liked that movie!"
  vts compare pets --decode scaled --data photos/`;

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

/** Adds the commands that look at learners, predict by them, export them and serve them. */
export function addServingCommands(program: Command): void {
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
    .option('--tta <passes>', "of images: fastai's test-time augmentation", wholeNumber)
    .addOption(
      new Option('-o, --output <format>', 'format of the result (default: "table")').choices([
        'table',
        'json',
        'yaml',
      ]),
    )
    .addHelpText('after', PREDICT_NOTES)
    .action(lazy(async () => (await import('./commands/predict.js')).predict));
  addGenerateOptions(predict);
  addBatchCommand(program);

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
