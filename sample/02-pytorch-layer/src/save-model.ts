import { fastai, ModelStore, pytorch } from 'nestjs-vts';
import { home } from './home.js';

/** Saves the bare model of the first sample's learner, so that it can run in batches. */
async function saveModel(): Promise<void> {
  const learner = await fastai.loadModel('fastai_sentiment', {
    store: new ModelStore('sample/01-fastai-sentiment/models-home'),
  });
  const model = await pytorch.saveModel('my_pytorch_model', learner.model, {
    signatures: { __call__: { batchable: true } },
    labels: { task: 'sentiment' },
    store: new ModelStore(home),
  });
  await learner.release();
  console.log(`Saved ${String(model.tag)}.`);
}

void saveModel();
