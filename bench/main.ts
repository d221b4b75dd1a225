import { fastai, ModelStore } from '../lib/index.js';
import { benchHttp } from './http.js';
import { benchPredict } from './predict.js';

// Ratios within one run are what counts: the machine's own speed falls out of them.
const home = process.env['VTS_HOME'] ?? 'sample/01-fastai-sentiment/models-home';
const model = await fastai.get('fastai_sentiment:latest', { store: new ModelStore(home) });
const file = model.pathOf('saved_model.pkl');

await benchPredict(file);
await benchHttp(file, home);
