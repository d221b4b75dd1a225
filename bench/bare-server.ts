import { once } from 'node:events';
import { createServer } from 'node:http';
import { Worker } from 'node:worker_threads';
import { Learner } from '../lib/learner/fastai/learner.js';

// A bare node:http server that calls session.run in worker threads, with the ids of one text
// prepared beforehand: what the sample is held against. Arguments: the learner's file, the number
// of workers, the text.
const [file, count, text] = process.argv.slice(2) as [string, string, string];
const learner = await Learner.load<string>(file);
const vocab = learner.vocab[0] as readonly string[];
const ids = Int32Array.from(learner.tokenize(text), (token) => Math.max(0, vocab.indexOf(token)));
await learner.release();

const waiting = new Map<number, (logits: Float32Array) => void>();
const workers = await Promise.all(
  Array.from({ length: Number(count) }, async () => {
    const worker = new Worker(new URL('./bare-worker.js', import.meta.url), {
      workerData: { file },
    });
    await once(worker, 'message');
    worker.on('message', ({ call, logits }: { call: number; logits: Float32Array }) => {
      waiting.get(call)!(logits);
      waiting.delete(call);
    });
    return worker;
  }),
);

let calls = 0;
const server = createServer((request, response) => {
  request.resume().once('end', async () => {
    const call = calls++;
    const logits = await new Promise<Float32Array>((resolve) => {
      waiting.set(call, resolve);
      workers[call % workers.length]!.postMessage({ call, ids });
    });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify([...logits]));
  });
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
