import { fileURLToPath } from 'node:url';

/** The store of the first sample, with the model `fastai_sentiment`. */
export const MODELS_HOME = fileURLToPath(
  new URL('../../sample/01-fastai-sentiment/models-home', import.meta.url),
);
