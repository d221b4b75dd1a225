// Loaded into a service before its program: a message collects the garbage of all its threads, so
// that what is measured next is what it keeps, and not how long V8 waits with a collection on a
// machine with memory to spare: a worker whose images lie outside its heap hardly ever needs one.
// Not a signal: Nest ends an application on nearly all of those that are free.
import { isMainThread } from 'node:worker_threads';

const { gc } = globalThis;
if (gc === undefined) throw new Error('Start the service with --expose-gc.');
const collect = (): void => {
  gc();
  gc();
};
// Worker threads inherit the flags of the process, and with them this file.
const threads = new BroadcastChannel('collect');
// It ends as it would by itself. DOM's type, which has no unref, may hide Node's.
(threads as unknown as { unref(): void }).unref();
if (isMainThread) {
  process.on('message', () => {
    collect();
    threads.postMessage('collect');
  });
  process.channel?.unref();
} else {
  threads.onmessage = collect;
}
