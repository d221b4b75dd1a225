import { fastai, ModelStore } from 'nestjs-vts';
import { home } from './home.js';

/** Saves a learner for the runners: a given export.pkl, or that of the first sample. */
async function saveModel(file: string | undefined): Promise<void> {
  const store = new ModelStore('sample/01-fastai-sentiment/models-home');
  const learner = file ?? (await fastai.loadModel('fastai_sentiment', { store }));
  const model = await fastai.saveModel('fastai_sentiment', learner, {
    store: new ModelStore(home),
  });
  if (typeof learner !== 'string') await learner.release();
  console.log(`Saved ${String(model.tag)}.`);
}

void saveModel(process.argv[2]);
