import { parentPort, workerData } from 'node:worker_threads';
import { setRunGuard } from '../../../learner/runtime/run-guard.js';
import { WorkerControl } from './control.js';
import type { WorkerBootstrap } from './protocol.js';
import { serveModel } from './serve-model.js';

// The program of a worker thread.

const { runnable, init, control: buffer } = workerData as WorkerBootstrap;
const control = new WorkerControl(buffer);
setRunGuard(control.guard);
void serveModel(
  { runnable, init },
  {
    send: (message, transfer) => parentPort?.postMessage(message, transfer),
    onMessage: (listener) => parentPort?.on('message', listener),
    take: (slot) => control.take(slot),
    end: () => parentPort?.close(),
  },
);
