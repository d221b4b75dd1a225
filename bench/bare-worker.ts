import { Tensor } from 'onnxruntime-common';
import { parentPort, workerData } from 'node:worker_threads';
import { openLearnerFile } from '../lib/learner/fastai/learner-file.js';
import { createSession, lowerModel } from '../lib/learner/onnx/index.js';

// The least that an inference server can do: ids in, logits out.
const { file } = workerData as { file: string };
const opened = openLearnerFile(file);
const session = await createSession(lowerModel(opened.model).graph, { intraOpNumThreads: 1 });
opened.torchFile.close();

parentPort!.on('message', async ({ call, ids }: { call: number; ids: Int32Array }) => {
  const outputs = await session.run({
    ids: new Tensor('int32', ids, [1, ids.length]),
    lengths: new Tensor('int32', Int32Array.of(ids.length), [1]),
  });
  const logits = (outputs['logits'] as Tensor).data as Float32Array;
  parentPort!.postMessage({ call, logits });
});
parentPort!.postMessage('ready');
