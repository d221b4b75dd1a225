import { Worker } from 'node:worker_threads';

const INTERVAL_MS = 1000;

/**
 * Ends this process when its parent is gone, even if its own event loop cannot notice because it
 * computes, perhaps forever. A thread checks every second whether the parent has changed.
 */
export function watchParent(): void {
  const program = `
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
    }, ${INTERVAL_MS});
  `;
  const limits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 };
  const worker = new Worker(program, { eval: true, resourceLimits: limits, execArgv: [], env: {} });
  worker.unref();
  // Without this thread, the process still ends with its parent, as long as it reads its messages.
  worker.on('error', () => undefined);
}
