import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceClient, InferenceError, type InferenceResult } from 'nestjs-vts/client';
import { Learner } from 'nestjs-vts/learner';

/** The export of the only version in the sample's store. */
function exportOf(home: string): string {
  const models = join(home, 'models', 'fastai_sentiment');
  const version = readdirSync(models).find((name) => name !== 'latest') as string;
  return join(models, version, 'saved_model.pkl');
}

const unreached: InferenceResult | InferenceError = await new InferenceClient('http://127.0.0.1:1')
  .infer('m', { text: ['a'], numbers: Float32Array.of(1) })
  .catch((error: InferenceError) => error);
if (!(unreached instanceof InferenceError) || unreached.mayHaveRun) throw new Error('It was sent.');

const learner = await Learner.load<string>(exportOf(process.env['VTS_HOME'] as string));
const [, , probs] = await learner.predict('I really liked that movie!');
console.log(JSON.stringify({ status: 200, body: [...(probs.data as Float32Array)] }));
