import { pathToFileURL } from 'node:url';
import type { FromWorker, RunMessage, Served, ServedBy, ToWorker } from './protocol.js';
import { ServedCall, type Send } from './served-call.js';
import { wireError } from './wire-error.js';

/** The connection between a worker, a thread or a process, and its owner. */
export interface WorkerLink {
  readonly send: Send;
  onMessage(listener: (message: ToWorker) => void): void;
  /** False if a posted task was cancelled before its start. */
  take(slot: number): boolean;
  /** Ends the worker, after the model was released and the owner was notified. */
  end(): void;
}

/** Loads a model, then serves its tasks one after the other. */
export async function serveModel(by: ServedBy, link: WorkerLink): Promise<void> {
  let served: Served;
  try {
    served = await load(by);
  } catch (error) {
    link.send({ type: 'load-failed', error: wireError(error) });
    return;
  }
  // Tasks wait for each other here, because a run yields to the event loop, which may deliver the
  // next message.
  let tail: Promise<void> = Promise.resolve();
  /** By slot; a worker has few slots. */
  const calls: (ServedCall | undefined)[] = [];
  const run = async (message: RunMessage): Promise<void> => {
    const { slot } = message;
    if (!link.take(slot)) return link.send({ type: 'skipped', slot });
    const call = new ServedCall(message, (answer: FromWorker, transfer) => {
      if (answer.type !== 'value' && answer.type !== 'progress') calls[slot] = undefined;
      link.send(answer, transfer);
    });
    calls[slot] = call;
    await call.run(served.methods.get(message.method));
  };
  link.onMessage((message) => {
    switch (message.type) {
      case 'run':
        tail = tail.then(() => run(message));
        return;
      case 'pull':
        return calls[message.slot]?.pull(message.count);
      case 'leave':
        return calls[message.slot]?.leave();
      case 'close':
        tail = tail.then(() => close(served, link));
    }
  });
  const { kind, vocab, schema, description, methods } = served;
  const told = { kind, vocab, schema, description, methods: [...methods.keys()] };
  link.send({ type: 'ready', description: told });
}

async function load({ runnable, init }: ServedBy): Promise<Served> {
  const href = runnable.startsWith('file:') ? runnable : pathToFileURL(runnable).href;
  const loaded = (await import(href)) as { open(init: unknown): Promise<Served> };
  return loaded.open(init);
}

async function close(served: Served, link: WorkerLink): Promise<void> {
  // A model that cannot be released must not prevent the application from ending.
  await served.release().catch(() => undefined);
  link.send({ type: 'closed' });
  link.end();
}
