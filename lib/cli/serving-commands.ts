import { Option, type Command } from 'commander';
import { addBatchCommand, addGenerateOptions } from './batch-commands.js';
import { lazy, outputOption, TARGET } from './command-options.js';
import { portNumber, wholeNumber } from './parsers.js';

const PREDICT_NOTES = `
Depending on the learner, INPUT is a text, the path of an image, or a row as
JSON. "-" reads it from stdin, and "@FILE" reads rows from a file. An option
that does not apply to the learner is an error.

Examples:
  vts predict fastai_sentiment "I really liked that movie!"
  vts predict export.pkl photo.jpg
  vts predict street.pkl photo.jpg --out mask.png
  vts predict income '{"age": 48, "workclass": "Private"}' -o json
  vts predict income --csv people.csv --out scored.csv
  vts predict stories "Once upon a time" --words 50 --temperature 0.7 --stop .`;

const DOCTOR_NOTES = `
The list has all problems, not only the first, and says what to do about each.
The exit code is 0 if the file can be served, and 1 otherwise.

Examples:
  vts doctor export.pkl
  vts doctor fastai_sentiment -o json`;

const COMPARE_NOTES = `
Both variants predict each item, alternately. The report has the share of equal predictions, the largest and the mean
difference of probabilities, and the speedup.

Examples:
  vts compare fastai_sentiment --quantize int8 --data reviews.csv
  vts compare export.pkl --quantize int8 "I really liked that movie!"
  vts compare pets --decode scaled --data photos/`;

const EXPORT_NOTES = `
With --to onnx, the folder gets model.onnx, labels.txt (classes) and vocab.txt (tokens). With --to triton, it is a model
repository. The graph includes fastai's normalization and the activation of the loss, so its output equals that of
learner.predict. The file is loaded again and compared with the learner before it is written.

Examples:
  vts export export.pkl exported --to onnx
  vts export bears exported --to onnx --no-normalize --raw --check photo.jpg
  vts export fastai_sentiment models --to triton`;

const SERVE_NOTES = `
A single model has the routes /predict, /explain and /show; several models have /models/NAME/predict and so on.

Examples:
  vts serve export.pkl --open
  vts serve bears/ reviews:latest --samples photos/ --api-key "$KEY"
  vts serve --models-dir /mnt/models --model-name bears --no-page`;

/** Adds the commands that inspect learners, predict with them, export them and serve them. */
export function addServingCommands(program: Command): void {
  program
    .command('inspect')
    .argument('<target>', TARGET)
    .description('show what a learner takes and predicts, its model and its transforms')
    .option('--globals', 'list every name in its pickle, with its possible effects')
    .option('--modules', 'list every module of its model')
    .option('--show-code', 'print the code of your own classes and functions')
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
    .option(
      '--out <file>',
      'file for the scored rows (default: stdout), or for a mask or image as PNG',
    )
    .option('--column <name>', 'the column of --csv with the text or the image path')
    .option('-f, --force', 'overwrite the output file')
    .option('--tta <passes>', "fastai's test-time augmentation (images)", wholeNumber)
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
    .description('compare the predictions of a learner with and without int8 or scaled decoding')
    .addOption(new Option('--quantize <type>', 'use weights in 8 bits').choices(['int8']))
    .addOption(
      new Option('--decode <how>', 'decode JPEGs at a fraction of their size').choices(['scaled']),
    )
    .option(
      '--data <file>',
      'a CSV file, a .txt file with one text per line, or a folder of images',
    )
    .option('--column <name>', 'the column with the text or the image path')
    .option('--limit <count>', 'maximum number of items', wholeNumber, 1000)
    .addOption(outputOption())
    .addHelpText('after', COMPARE_NOTES)
    .action(lazy(async () => (await import('./commands/compare.js')).compare));

  program
    .command('export')
    .argument('<target>', TARGET)
    .argument('<folder>', 'where the files go')
    .description('write a model as an ONNX file, or for Triton Inference Server')
    .addOption(
      new Option('--to <format>', 'an ONNX file, or a Triton model repository')
        .choices(['onnx', 'triton'])
        .makeOptionMandatory(),
    )
    .option('--opset <number>', "version of ONNX's operators (default: 17)", wholeNumber)
    .option('--no-normalize', "leave fastai's normalization out of the graph")
    .addOption(
      new Option('--pixels <type>', 'type of the pixels (default: "uint8")').choices([
        'uint8',
        'float32',
      ]),
    )
    .option('--raw', 'leave the activation of the loss out of the graph')
    .option(
      '--check <input>',
      'an input for the comparison, as for predict (default: a made-up one)',
    )
    .optionsGroup('Options for --to triton:')
    .option('--name <name>', 'name of the model (default: name of the tag or file)')
    .option('--model-version <number>', 'version of the model (default: the next one)', wholeNumber)
    .option(
      '--max-batch-size <rows>',
      'maximum number of rows in a batch (default: 32)',
      wholeNumber,
    )
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
    .option('--models-dir <folder>', 'serve all models in a folder, instead of targets')
    .option('--model-name <name>', 'name of the model, if there is only one')
    .option('--open', 'open the page in the browser')
    .option('--no-page', 'do not serve the page')
    .option('--samples <folder>', 'a folder of images or texts (.txt) to try on the page')
    .option(
      '--cors [origins]',
      'allow pages from other origins: all, or a list separated by commas',
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
    .option('--watch', 'switch to new versions of a model as they appear')
    .addHelpText('after', SERVE_NOTES)
    .action(lazy(async () => (await import('./commands/serve.js')).serve));
}
