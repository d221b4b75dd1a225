import { once } from 'node:events';
import { createServer } from 'node:http';
import { Worker } from 'node:worker_threads';

// A bare node:http server that predicts in worker threads: the same work as the sample's, with
// nothing between the socket and the learner. Arguments: the learner's file, the number of workers.
const [file, count] = process.argv.slice(2) as [string, string];

const waiting = new Map<number, (probabilities: Float32Array) => void>();
const workers = await Promise.all(
  Array.from({ length: Number(count) }, async () => {
    const worker = new Worker(new URL('./bare-text-worker.js', import.meta.url), {
      workerData: { file },
    });
    await once(worker, 'message');
    worker.on('message', ({ call, probabilities }: Answer) => {
      waiting.get(call)!(probabilities);
      waiting.delete(call);
    });
    return worker;
  }),
);

interface Answer {
  readonly call: number;
  readonly probabilities: Float32Array;
}

let calls = 0;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    const call = calls++;
    waiting.set(call, (probabilities) => {
      const body = JSON.stringify([...probabilities]);
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      });
      response.end(body);
    });
    const text = Buffer.concat(chunks).toString();
    workers[call % workers.length]!.postMessage({ call, text });
  });
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
