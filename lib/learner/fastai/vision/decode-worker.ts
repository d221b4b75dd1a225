import { parentPort } from 'node:worker_threads';
import { doJob, type RenderJob } from './image/render-job.js';

/** The request to the thread, and its answer: no planes if it could not make them. */
export interface Request {
  readonly id: number;
  readonly job: RenderJob;
}

export interface Answer {
  readonly id: number;
  readonly planes?: Float32Array<ArrayBuffer>;
}

parentPort!.on('message', ({ id, job }: Request) => {
  let answer: Answer = { id };
  try {
    answer = { id, planes: doJob(job) };
  } catch {
    // The caller then decodes the image in its own way and gets the error there.
  }
  parentPort!.postMessage(answer, answer.planes ? [answer.planes.buffer] : []);
});
