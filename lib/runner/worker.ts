import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../errors/index.js';
import { setRunGuard } from '../runtime/run-guard.js';
import { WorkerControl } from './control.js';
import type { FromWorker, Served, ToWorker, WireError, WorkerBootstrap } from './protocol.js';
import { decode, encode } from './transfer.js';

// The program of a worker thread: loads one model, then serves its tasks one after the other.

const bootstrap = workerData as WorkerBootstrap;
const control = new WorkerControl(bootstrap.control);
setRunGuard(control.guard);
void serve();

async function serve(): Promise<void> {
  let served: Served;
  try {
    served = await load();
  } catch (error) {
    send({ type: 'load-failed', error: wire(error) });
    return;
  }
  // Tasks wait for each other here: a run yields to the event loop, which may bring the next message.
  let tail: Promise<void> = Promise.resolve();
  parentPort?.on('message', (message: ToWorker) => {
    tail = tail.then(() => (message.type === 'run' ? run(served, message) : close(served)));
  });
  const { kind, vocab, schema, methods } = served;
  send({ type: 'ready', description: { kind, vocab, schema, methods: [...methods.keys()] } });
}

async function load(): Promise<Served> {
  const { runnable, init } = bootstrap;
  const href = runnable.startsWith('file:') ? runnable : pathToFileURL(runnable).href;
  const loaded = (await import(href)) as { open(init: unknown): Promise<Served> };
  return loaded.open(init);
}

async function run(served: Served, task: Extract<ToWorker, { type: 'run' }>): Promise<void> {
  const { slot } = task;
  if (!control.take(slot)) return send({ type: 'skipped', slot });
  try {
    const method = served.methods.get(task.method);
    if (method === undefined) throw new TypeError(`The model has no method "${task.method}".`);
    const buffers = new Set<ArrayBuffer>();
    const value = encode(await method(decode(task.item)), buffers);
    send({ type: 'result', slot, value }, [...buffers]);
  } catch (error) {
    send({ type: 'error', slot, error: wire(error) });
  }
}

async function close(served: Served): Promise<void> {
  // A model that cannot be released must not keep the application from ending.
  await served.release().catch(() => undefined);
  send({ type: 'closed' });
  parentPort?.close();
}

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function wire(error: unknown): WireError {
  if (!(error instanceof Error)) {
    return { kind: 'Error', message: String(error), stack: undefined, input: false };
  }
  const { name, message, stack } = error;
  return { kind: name, message, stack, input: error instanceof InputError };
}
