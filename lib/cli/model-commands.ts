import type { Command } from 'commander';
import { lazy, outputOption } from './command-options.js';
import { collect } from './parsers.js';

const SOURCES =
  'the file that learner.export() wrote, a folder with one, or an address of https:, hf: or s3:';

const IMPORT_NOTES = `
A folder may be a clone from the Hugging Face Hub, a model from MLflow or AutoGluon, or an application with its
learner in model, models or app. Credentials come from HF_TOKEN and AWS_ACCESS_KEY_ID. Downloads are kept in
VTS_CACHE (default: the folder downloads of the store).

Examples:
  vts import export.pkl
  vts import bears ./bear-classifier
  vts import hf://owner/name@main
  vts import s3://bucket/models/bears/export.pkl`;

/** Adds the commands that manage models, and the one that imports learners. */
export function addModelCommands(program: Command): void {
  const models = program.command('models').description('manage the models of the store');

  models
    .command('list')
    .argument('[name]', 'only models with this name')
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
      'a .bentomodel (tar.xz), .tar.gz, .tar or .zip from this tool or from BentoML',
    )
    .description('import a model from an archive')
    .option('-f, --force', 'replace a model with the same tag')
    .action(lazy(async () => (await import('./commands/models.js')).importModel));

  models
    .command('export')
    .argument('<tag>')
    .argument(
      '[out]',
      'the archive, or a folder for it; .bentomodel, .tar.gz, .tar or .zip (default: NAME-VERSION.bentomodel here)',
    )
    .description('export a model as an archive, which BentoML can import too')
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
    .option(
      '--framework-version <package=version>',
      'a package version from training, such as torch=2.1',
      collect,
    )
    .addHelpText('after', IMPORT_NOTES)
    .action(lazy(async () => (await import('./commands/import.js')).importLearner));
}
