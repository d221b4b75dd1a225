import { Learner } from 'nestjs-vts/learner';
import { parentPort, workerData } from 'node:worker_threads';

// The minimum of an inference server: a text in, probabilities out.
const { file } = workerData as { file: string };
const learner = await Learner.load<string>(file);

parentPort!.on('message', async ({ call, text }: { call: number; text: string }) => {
  const [, , { data }] = await learner.predict(text);
  const probabilities = data as Float32Array;
  parentPort!.postMessage({ call, probabilities });
});
parentPort!.postMessage('ready');
