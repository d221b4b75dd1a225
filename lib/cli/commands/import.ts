import { fastai } from '../../serving/index.js';
import type { ModelMetadata } from '../../serving/store/index.js';
import { CommandError } from '../errors.js';
import { learnerOptionsOf, type LearnerFlags } from '../learner-options.js';
import { openStore, pairs, type StoreOptions } from '../options.js';
import { write } from '../output/print.js';
import { withStatus } from '../output/status.js';
import { resolveSource } from '../source/resolve-source.js';

/** Imports a learner under a given name, or under one from its source. */
export async function importLearner(
  nameOrSource: string,
  source: string | undefined,
  options: StoreOptions &
    LearnerFlags & {
      label?: string[];
      metadata?: string[];
      frameworkVersion?: string[];
    },
): Promise<void> {
  const labels = Object.fromEntries(pairs(options.label, '--label'));
  const metadata = pairs(options.metadata, '--metadata').map(
    ([key, value]) => [key, fromJson(value)] as const,
  );
  const given = Object.fromEntries(pairs(options.frameworkVersion, '--framework-version'));
  const found = await resolveSource(source ?? nameOrSource, options);
  try {
    if (source === undefined && found.model) {
      throw new CommandError(
        `The model "${found.model.tag}" is already in the store`,
        'Give a new name to copy it, or a source to import',
      );
    }
    const name = source === undefined ? found.name : nameOrSource;
    const store = await openStore(options);
    const model = await withStatus((show) => {
      show(`import ${name}: reading the learner`);
      return fastai.saveModel(name, found.file, {
        store,
        ...found.load,
        ...learnerOptionsOf(options),
        labels,
        metadata: {
          ...(found.remote === true ? { source: found.from } : {}),
          ...Object.fromEntries(metadata),
        },
        frameworkVersions: { ...found.versions, ...given },
      });
    });
    write(`${model.tag} imported.`);
  } finally {
    await found.cleanup();
  }
}

/** The JSON value of a text, or else the text. */
function fromJson(text: string): ModelMetadata {
  try {
    return JSON.parse(text) as ModelMetadata;
  } catch {
    return text;
  }
}
