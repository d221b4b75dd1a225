import { readFileSync } from 'node:fs';
import {
  fastai,
  ModelStore,
  pytorch,
  Tensor,
  type FastaiRunner,
  type RunnerOptions,
} from 'nestjs-vts/serving';
import { closedLoop, openLoop, type Outcome, type Verdict } from '../load/loops.js';
import { answerQuestions } from './answer.js';
import { idsOf } from './texts.js';

/** The runner; the argument of the program, as JSON. */
export interface CallersRunner {
  readonly home: string;
  readonly kind: 'fastai' | 'pytorch';
  readonly name: string;
  readonly options: RunnerOptions;
}

export type CallersItem =
  | { readonly text: string }
  | { readonly photo: string }
  /** For a model of the PyTorch layer. */
  | { readonly tokens: number };

export interface CallersQuestion {
  readonly item: CallersItem;
  readonly ms: number;
  /** Callers that call again after each answer, or a fixed number of calls per second. */
  readonly load: { readonly callers: number } | { readonly perSecond: number };
}

export interface CallersAnswer extends Outcome {
  /** Resident MiB at the end. */
  readonly rss: number;
}

// Callers of a runner in its own process.
const { home, kind, name, options } = JSON.parse(process.argv[2]!) as CallersRunner;
const store = new ModelStore(home);

async function open(): Promise<(item: unknown) => Promise<unknown>> {
  if (kind === 'pytorch') {
    const runner = (await pytorch.get(name, { store })).toRunner(options);
    await runner.open();
    return (item) => runner.run(item as Tensor);
  }
  const runner = (await fastai.get(name, { store })).toRunner(options) as FastaiRunner<unknown>;
  await runner.open();
  return (item) => runner.predict.run(item);
}

function valueOf(item: CallersItem): unknown {
  if ('text' in item) return item.text;
  if ('photo' in item) return new Uint8Array(readFileSync(item.photo));
  return new Tensor('int64', BigInt64Array.from(idsOf(item.tokens), BigInt), [1, item.tokens]);
}

let opened: ReturnType<typeof open> | undefined;

await answerQuestions(async ({ item, ms, load }: CallersQuestion): Promise<CallersAnswer> => {
  const run = await (opened ??= open());
  const value = valueOf(item);
  const call = async (): Promise<Verdict> => {
    try {
      await run(value);
      return 'answered';
    } catch (error) {
      const { code, retryAfterSeconds = 0 } = error as {
        code?: string;
        retryAfterSeconds?: number;
      };
      if (code !== 'VTS_RUNNER_OVERLOADED') throw error;
      return retryAfterSeconds >= 1 ? 'refused' : 'unadvised';
    }
  };
  const outcome =
    'callers' in load
      ? await closedLoop(call, load.callers, ms / 1000)
      : await openLoop(call, load.perSecond, ms / 1000);
  return { ...outcome, rss: process.memoryUsage.rss() / 2 ** 20 };
});
