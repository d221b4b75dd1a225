import { createRequire, register } from 'node:module';
import { MessageChannel } from 'node:worker_threads';
import { answerQuestions } from './answer.js';

export interface ImportQuestion {
  readonly specifiers: readonly string[];
  /** Whether to count files. That needs a hook, which would distort the time. */
  readonly count: boolean;
}

const HOOKS = `
let port;
export const initialize = (data) => { port = data.port; };
export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (loaded.format === 'module') port.postMessage(1);
  return loaded;
}`;

// Measures how long a fresh process takes to import packages.
let modules = 0;
await answerQuestions(async ({ specifiers, count }: ImportQuestion) => {
  const counting = count ? countModules() : undefined;
  const cpu = process.cpuUsage();
  const rss = process.memoryUsage.rss();
  const start = performance.now();
  for (const specifier of specifiers) await import(specifier);
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  if (counting) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    counting.close();
    return { files: modules + Object.keys(createRequire(import.meta.url).cache).length };
  }
  const memory = (process.memoryUsage.rss() - rss) / 2 ** 20;
  return { wall, cpu: (user + system) / 1000, memory };
});

/** Counts ES modules as they are loaded; those of CommonJS are in the cache of `require`. */
function countModules() {
  const { port1, port2 } = new MessageChannel();
  port1.on('message', () => modules++);
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, {
    data: { port: port2 },
    transferList: [port2],
  });
  return port1;
}
