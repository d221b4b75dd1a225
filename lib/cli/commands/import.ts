import { fastai } from '../../serving/index.js';
import type { ModelMetadata } from '../../serving/store/index.js';
import { openStore, pairs, type StoreOptions } from '../options.js';
import { write } from '../output/print.js';

export async function importLearner(
  name: string,
  file: string,
  options: StoreOptions & {
    label?: string[];
    metadata?: string[];
    frameworkVersion?: string[];
  },
): Promise<void> {
  const metadata = pairs(options.metadata, '--metadata').map(
    ([key, value]) => [key, fromJson(value)] as const,
  );
  const model = await fastai.saveModel(name, file, {
    store: await openStore(options),
    labels: Object.fromEntries(pairs(options.label, '--label')),
    metadata: Object.fromEntries(metadata),
    frameworkVersions: Object.fromEntries(pairs(options.frameworkVersion, '--framework-version')),
  });
  write(`${model.tag} imported.`);
}

/** What a text is as JSON, else the text. */
function fromJson(text: string): ModelMetadata {
  try {
    return JSON.parse(text) as ModelMetadata;
  } catch {
    return text;
  }
}
