import { Command, Option } from 'commander';
import { styleText } from 'node:util';
import { packageVersion } from '../learner/runtime/package-version.js';
import { addQueueCommands } from './batch-commands.js';
import { lazy, outputOption } from './command-options.js';
import { addLearnerOptions } from './learner-options.js';
import { addModelCommands } from './model-commands.js';
import { collect } from './parsers.js';
import { addServingCommands } from './serving-commands.js';

/** Commands that read the file of a learner. */
const TAKE_LEARNERS = 'import inspect doctor predict batch compare export serve'.split(' ');

export function createProgram(): Command {
  const program = new Command('vts')
    .description('fastai and PyTorch models, from the store to the service, without Python.')
    .version(packageVersion() ?? 'unknown', '-V, --version')
    // An option after a command belongs to the command, because build has its own --version.
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for usage)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'vts: ')) })
    // Commander removes the styles if the stream has no colours.
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

function addBundleCommands(program: Command): void {
  program
    .command('build')
    .argument('[folder]', 'the project', '.')
    .description('build a bundle that runs anywhere, from vtsfile.yaml')
    .option('-f, --file <file>', 'the build file (default: vtsfile.yaml, else bentofile.yaml)')
    .option('--name <name>', 'name of the bundle')
    .option('--version <version>', 'version of the bundle (default: one that sorts by time)')
    .option('--slim', 'build the image in stages, without binaries for other platforms')
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
