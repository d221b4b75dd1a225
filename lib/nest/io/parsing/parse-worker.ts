import { parentPort } from 'node:worker_threads';
import { Fault, UnsupportedBodyError } from '../errors.js';
import { PARSE_TASKS, type ParseAnswer, type ParseMessage } from './parse-tasks.js';

// The program of the thread that parses large bodies, one after the other.

parentPort?.on('message', (message: ParseMessage) => {
  void answerTo(message).then((answer) => parentPort?.postMessage(answer));
});

async function answerTo({ task, body, rules, left }: ParseMessage): Promise<ParseAnswer> {
  const wanted = (): void => {
    if (Atomics.load(left, 0) === 1) throw new Fault('nobody is waiting for it');
  };
  try {
    return { type: 'done', result: await PARSE_TASKS[task](body, rules as never, wanted) };
  } catch (error) {
    if (error instanceof Fault) {
      const { fact, remedy } = error;
      return { type: 'fault', fact, remedy };
    }
    if (error instanceof UnsupportedBodyError) return { type: 'charset' };
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { type: 'error', name, message };
  }
}
