import { existsSync } from 'node:fs';
import { fastai, ModelStore } from '../lib/index.js';
import { benchAdapters } from './adapters.js';
import { benchBatching } from './batching.js';
import { benchHttp } from './http.js';
import { benchLanguageModel } from './language-model.js';
import { benchPredict } from './predict.js';
import { benchTabular } from './tabular.js';
import { benchVision } from './vision.js';

// Ratios within one run are what counts: the machine's own speed falls out of them.
async function fileOf(tag: string, home: string): Promise<string> {
  return (await fastai.get(tag, { store: new ModelStore(home) })).pathOf('saved_model.pkl');
}

const textHome = process.env['VTS_HOME'] ?? 'sample/01-fastai-sentiment/models-home';

/** The batching is measured on a model of usual size where there is one; the sample's is small. */
async function batchingFile(): Promise<string> {
  const { LEARNER = '../shared/learners/fastai_sentiment/export.pkl' } = process.env;
  const file = existsSync(LEARNER) ? LEARNER : await fileOf('fastai_sentiment', textHome);
  console.log(`\nThe model of ${file}`);
  return file;
}

const benches: Record<string, () => Promise<void>> = {
  predict: async () => benchPredict(await fileOf('fastai_sentiment', textHome)),
  http: async () => benchHttp(await fileOf('fastai_sentiment', textHome), textHome),
  adapters: benchAdapters,
  batching: async () => benchBatching(await batchingFile()),
  tabular: async () => benchTabular(await fileOf('income', 'sample/03-tabular/models-home')),
  vision: async () => benchVision(await fileOf('shapes', 'sample/04-vision/models-home')),
  'language-model': async () =>
    benchLanguageModel(await fileOf('reviews_lm', 'sample/05-language-model/models-home')),
};

// `npm run bench` runs all of them, `npm run bench -- http` the ones that are named.
const named = process.argv.slice(2);
for (const [name, bench] of Object.entries(benches)) {
  if (named.length === 0 || named.includes(name)) await bench();
}
