import { recordRuns } from './recorded-runs.js';
import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { Learner } from 'nestjs-vts/learner';
import { answerQuestions } from './answer.js';
import { textOf } from './texts.js';

export interface FullBatchesQuestion {
  readonly tokens: number;
  readonly ms: number;
}

// Only session.run in a loop, with full batches on one thread: no server can be faster. Answers
// with the rows per second of the best batch size.
const learner = await Learner.load<string>(process.argv[2]!);
const best = new Map<number, number>();

async function feedsOf(tokens: number) {
  const text = textOf(tokens, (part) => learner.tokenize(part));
  const [run] = await recordRuns(() => learner.predict(text));
  return { session: run!.session, feeds: run!.args[0] as Record<string, Tensor> };
}

/** The same row that many times. */
function repeat({ type, data, dims }: Tensor, rows: number): Tensor {
  const one = data as Int32Array;
  const all = new (one.constructor as Int32ArrayConstructor)(one.length * rows);
  for (let row = 0; row < rows; row++) all.set(one, row * one.length);
  return new Tensor(type as 'int32', all, [rows, ...dims.slice(1)]);
}

async function rowsPerSecond(
  session: InferenceSession,
  one: Record<string, Tensor>,
  rows: number,
  ms: number,
): Promise<number> {
  const feeds = Object.fromEntries(
    Object.entries(one).map(([name, tensor]) => [name, repeat(tensor, rows)]),
  );
  for (let run = 0; run < 3; run++) await session.run(feeds);
  const start = performance.now();
  let runs = 0;
  for (; performance.now() - start < ms; runs++) await session.run(feeds);
  return (runs * rows * 1000) / (performance.now() - start);
}

await answerQuestions(async ({ tokens, ms }: FullBatchesQuestion) => {
  const { session, feeds } = await feedsOf(tokens);
  if (!best.has(tokens)) {
    let most = 0;
    for (const rows of [1, 8, 16, 32, 64, 100]) {
      const rate = await rowsPerSecond(session, feeds, rows, 300);
      if (rate > most) [most] = [rate, best.set(tokens, rows)];
    }
  }
  return { rate: await rowsPerSecond(session, feeds, best.get(tokens)!, ms) };
});
