import { Command, InvalidArgumentError, Option } from 'commander';
import { packageVersion } from '../learner/runtime/package-version.js';
import type { OutputFormat } from './output/print.js';

const PREDICT_NOTES = `
An INPUT is a text, the path of an image, or a row as JSON, depending on the learner; "-" reads it from stdin.

Examples:
  vts predict fastai_sentiment "I really liked that movie!"
  vts predict export.pkl photo.jpg
  vts predict income '{"age": 48, "workclass": "Private"}' -o json
  vts predict income --csv people.csv --out scored.csv`;

const COMPARE_NOTES = `
Both versions predict each item, in turns. The report has the share of equal predictions, the largest and the mean
difference of probabilities, and how much faster the second one is.

Examples:
  vts compare fastai_sentiment --quantize int8 --data reviews.csv
  vts compare export.pkl --quantize int8 "I really liked that movie!"`;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError(`"${text}" is not a whole number.`);
  }
  return value;
}

function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError(`"${text}" is not a port.`);
  return port;
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

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
    .exitOverride();

  addModelCommands(program);
  addServingCommands(program);
  addBundleCommands(program);
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
    .option('-y, --yes', 'do not ask')
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
    .argument('<name>', 'name, or name:version')
    .argument('<file>', 'the file that learner.export() wrote')
    .description('import a learner into the store')
    .option('-l, --label <key=value>', 'a label; repeatable', collect)
    .option('-m, --metadata <key=value>', 'a metadata entry; the value is JSON or text', collect)
    .option('--framework-version <package=version>', 'a package that trained it', collect)
    .action(lazy(async () => (await import('./commands/import.js')).importLearner));
}

function addServingCommands(program: Command): void {
  program
    .command('inspect')
    .argument('<target>', 'a tag, or a file')
    .description('show what is in a learner: model, transforms, and every name in its pickle')
    .addOption(outputOption())
    .action(lazy(async () => (await import('./commands/inspect.js')).inspect));

  program
    .command('predict')
    .argument('<target>', 'a tag, or the file of a learner')
    .argument('[inputs...]')
    .description('predict from texts, images, rows, or a CSV file')
    .option('--csv <file>', 'score the rows of a CSV file, in constant memory')
    .option('--out <file>', 'where to write the scored rows (default: stdout)')
    .option('--column <name>', 'the column with the text or the image path')
    .option('-f, --force', 'overwrite the file of --out')
    .option('-n, --words <count>', 'number of words that a language model adds', wholeNumber, 20)
    .option('--temperature <value>', 'randomness of a language model', Number, 1)
    .option('--seed <number>', 'seed for repeatable results of a language model', wholeNumber)
    .addOption(outputOption())
    .addHelpText('after', PREDICT_NOTES)
    .action(lazy(async () => (await import('./commands/predict.js')).predict));

  program
    .command('compare')
    .argument('<target>', 'a tag, or the file of a learner')
    .argument('[inputs...]')
    .description('compare a learner with itself under options that change its numbers')
    .addOption(new Option('--quantize <type>', 'weights in 8 bits').choices(['int8']))
    .option('--data <file>', 'a CSV file, a text a line (.txt), or a folder of images')
    .option('--column <name>', 'the column with the text or the image path')
    .option('--limit <count>', 'most items', wholeNumber, 1000)
    .addOption(outputOption())
    .addHelpText('after', COMPARE_NOTES)
    .action(lazy(async () => (await import('./commands/compare.js')).compare));

  program
    .command('serve')
    .argument('<tag>')
    .description('serve a model over HTTP, with documentation and health checks')
    .addOption(
      new Option('-p, --port <port>', 'port; 0 picks a free one')
        .argParser(portNumber)
        .default(3000)
        .env('PORT'),
    )
    .option('--host <address>', 'address to listen on', '0.0.0.0')
    .option('--workers <count>', 'worker threads, each with a copy of the model', wholeNumber)
    .option('--threads <count>', 'threads within one run', wholeNumber)
    .option('--timeout <ms>', 'time limit of a request in milliseconds', wholeNumber)
    .addOption(new Option('--quantize <type>', 'run with weights in 8 bits').choices(['int8']))
    .option('--watch', 'serve each new newest version')
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
