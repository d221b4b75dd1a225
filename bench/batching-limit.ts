import { Tensor } from 'onnxruntime-common';
import { parentPort, workerData } from 'node:worker_threads';
import { openLearnerFile } from '../lib/learner/fastai/learner-file.js';
import { createSession, lowerModel } from '../lib/learner/onnx/index.js';

/** What {@link measureLimit} of `batching.ts` sends. */
export interface LimitRequest {
  readonly file: string;
  readonly threads: number;
  readonly tokens: number;
}

// Nothing but session.run in a loop, with full batches: no server can do more with these threads.
// Answers a number of rows and of milliseconds with the rows a second that batches of that size
// make.
const { file, threads, tokens } = workerData as LimitRequest;
const opened = openLearnerFile(file);
const session = await createSession(lowerModel(opened.model).graph, {
  intraOpNumThreads: threads,
});
opened.torchFile.close();

parentPort!.on('message', async ({ rows, ms }: { rows: number; ms: number }) => {
  const ids = Int32Array.from({ length: rows * tokens }, (_, index) => 10 + ((index * 7) % 150));
  const feeds = {
    ids: new Tensor('int32', ids, [rows, tokens]),
    lengths: new Tensor('int32', new Int32Array(rows).fill(tokens), [rows]),
  };
  for (let run = 0; run < 5; run++) await session.run(feeds);
  const start = performance.now();
  let runs = 0;
  for (; performance.now() - start < ms; runs++) await session.run(feeds);
  parentPort!.postMessage((runs * rows * 1000) / (performance.now() - start));
});
parentPort!.postMessage('ready');
