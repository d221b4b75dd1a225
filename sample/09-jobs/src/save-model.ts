import { fastai, ModelStore } from 'nestjs-vts';
import { home } from './home.js';

/** The models of this sample, and the samples that contain them. */
const MODELS: readonly (readonly [name: string, sample: string])[] = [
  ['reviews_lm', '05-language-model'],
  ['shape_masks', '04-vision'],
];

async function saveModels(): Promise<void> {
  const store = new ModelStore(home);
  for (const [name, sample] of MODELS) {
    if ((await store.list(name)).length > 0) continue;
    const from = new ModelStore(`sample/${sample}/models-home`);
    const learner = await fastai.loadModel(name, { store: from });
    const model = await fastai.saveModel(name, learner, { store });
    await learner.release();
    console.log(`Saved ${String(model.tag)}.`);
  }
}

void saveModels();
