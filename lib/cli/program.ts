import { Command, InvalidArgumentError, Option } from 'commander';
import { outputOption } from './output/print.js';
import { packageFacts } from './package-facts.js';
import { homeOption } from './store-option.js';

const PREDICT_NOTES = `
An INPUT is a text, the path of an image, or a row as JSON, by the kind of the learner; "-" reads it from stdin.

Examples:
  vts predict fastai_sentiment "I really liked that movie!"
  vts predict export.pkl photo.jpg
  vts predict income '{"age": 48, "workclass": "Private"}' -o json
  vts predict income --csv people.csv --out scored.csv`;

/** A number that must be whole and not negative. */
function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError(`"${text}" is no whole number.`);
  }
  return value;
}

function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError(`"${text}" is no port.`);
  return port;
}

function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** The command line. What a command needs is loaded when it runs, so that help is there at once. */
export function createProgram(): Command {
  const program = new Command('vts')
    .description('Models of fastai and PyTorch, from the store to the service, without Python.')
    .version(packageFacts().version, '-V, --version')
    // An option behind a command is the command's: build has a --version of its own.
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for usage)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'vts: ')) })
    .exitOverride();

  addModelCommands(program);
  addServingCommands(program);
  addBundleCommands(program);
  for (const command of everyCommand(program)) {
    // Errors that are no fault of the user's need their stack in a report.
    if (command.commands.length === 0) {
      command.addOption(new Option('--debug', 'print the stack of an error').hideHelp());
    }
  }
  return program;
}

function addModelCommands(program: Command): void {
  const models = program.command('models').description('the models of the store');

  models
    .command('list')
    .argument('[name]', 'models of this name only')
    .description('list models, newest first')
    .option('-l, --label <key=value>', 'models with this label only; may be repeated', collect)
    .addOption(outputOption('table'))
    .addOption(homeOption())
    .action(async (name, options) => {
      await (await import('./commands/models-list.js')).listModels(name, options);
    });

  models
    .command('get')
    .argument('<tag>', 'name, name:version, or name: with the beginning of a version')
    .description("print a model's model.yaml, or its path")
    .addOption(outputOption('yaml', ['table', 'json', 'yaml', 'path']))
    .addOption(homeOption())
    .action(async (tag, options) => {
      await (await import('./commands/models-get.js')).getModel(tag, options);
    });

  models
    .command('delete')
    .argument('<tags...>', 'models; a bare name means all of its versions')
    .description('delete models')
    .option('-y, --yes', 'do not ask')
    .option('-f, --force', 'also models that a bundle pins')
    .addOption(homeOption())
    .action(async (tags, options) => {
      await (await import('./commands/models-delete.js')).deleteModels(tags, options);
    });

  models
    .command('import')
    .argument(
      '<archive>',
      'a .bentomodel (tar.xz), .tar.gz, .tar or .zip, of this tool or of BentoML',
    )
    .description('put the model of an archive into the store')
    .option('-f, --force', 'replace the model of the same tag')
    .addOption(homeOption())
    .action(async (archive, options) => {
      await (await import('./commands/models-import.js')).importModel(archive, options);
    });

  models
    .command('export')
    .argument('<tag>')
    .argument(
      '[out]',
      'the archive, or a folder for it; .bentomodel, .tar.gz, .tar or .zip (default: NAME-VERSION.bentomodel here)',
    )
    .description('write a model into an archive, which BentoML imports as well')
    .option('-f, --force', 'overwrite the file')
    .addOption(homeOption())
    .action(async (tag, out, options) => {
      await (await import('./commands/models-export.js')).exportModel(tag, out, options);
    });

  program
    .command('import')
    .argument('<name>', 'name, or name:version')
    .argument('<file>', 'what learner.export() wrote')
    .description('put a learner straight into the store')
    .option('-l, --label <key=value>', 'a label; may be repeated', collect)
    .option('-m, --metadata <key=value>', 'a fact to keep; the value is JSON or a text', collect)
    .option('--framework-version <package=version>', 'what it was trained with', collect)
    .addOption(homeOption())
    .action(async (name, file, options) => {
      await (await import('./commands/import.js')).importLearner(name, file, options);
    });
}

function addServingCommands(program: Command): void {
  program
    .command('inspect')
    .argument('<target>', 'a tag, or a file')
    .description('what is in a learner: model, transforms, and every name that its pickle has')
    .addOption(outputOption('table'))
    .addOption(homeOption())
    .action(async (target, options) => {
      await (await import('./commands/inspect.js')).inspect(target, options);
    });

  program
    .command('predict')
    .argument('<target>', 'a tag, or the file of a learner')
    .argument('[inputs...]')
    .description('predict from texts, images, rows, or a CSV file')
    .option('--csv <file>', 'score the rows of a CSV file, in constant memory')
    .option('--out <file>', 'where the scored rows go (default: stdout)')
    .option('--column <name>', 'the column of the text or of the image path')
    .option('-f, --force', 'overwrite the file of --out')
    .option('-n, --words <count>', 'words that a language model adds', wholeNumber, 20)
    .option('--temperature <value>', 'how boldly a language model draws', Number, 1)
    .option('--seed <number>', 'makes what a language model draws repeatable', wholeNumber)
    .addOption(outputOption('table'))
    .addOption(homeOption())
    .addHelpText('after', PREDICT_NOTES)
    .action(async (target, inputs, options) => {
      await (await import('./commands/predict.js')).predict(target, inputs, options);
    });

  program
    .command('serve')
    .argument('<tag>')
    .description('serve a model over HTTP, with documentation and health checks')
    .addOption(
      new Option('-p, --port <port>', 'port; 0 for any that is free')
        .argParser(portNumber)
        .default(3000)
        .env('PORT'),
    )
    .option('--host <address>', 'address to listen at', '0.0.0.0')
    .option('--workers <count>', 'worker threads, each with a copy of the model', wholeNumber)
    .option('--threads <count>', 'threads within one run', wholeNumber)
    .option('--timeout <ms>', 'milliseconds until a request is given up', wholeNumber)
    .option('--watch', 'take up a new newest version when it comes')
    .addOption(homeOption())
    .action(async (tag, options) => {
      await (await import('./commands/serve.js')).serve(tag, options);
    });
}

function addBundleCommands(program: Command): void {
  program
    .command('build')
    .argument('[folder]', 'the project', '.')
    .description('build a bundle that runs anywhere from vtsfile.yaml')
    .option('-f, --file <file>', 'the build file (default: vtsfile.yaml, else bentofile.yaml)')
    .option('--name <name>', 'name of the bundle')
    .option('--version <version>', 'version of the bundle (default: one that sorts by time)')
    .addOption(outputOption('table'))
    .addOption(homeOption())
    .action(async (folder, options) => {
      await (await import('./commands/build.js')).build(folder, options);
    });

  program
    .command('containerize')
    .argument('<bundle>', 'tag or folder of a bundle')
    .description('build a container image of a bundle, with docker, podman or buildah')
    .option('-t, --image-tag <name:tag>', "the image's name; may be repeated", collect)
    .addOption(
      new Option('--backend <tool>', 'the tool (default: the first that is there)').choices([
        'docker',
        'podman',
        'buildah',
      ]),
    )
    .option('--opt <option>', 'an option for the tool, such as --opt=--no-cache', collect)
    .addOption(homeOption())
    .action(async (bundle, options) => {
      await (await import('./commands/containerize.js')).containerize(bundle, options);
    });
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
