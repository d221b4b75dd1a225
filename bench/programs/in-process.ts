import { readFileSync } from 'node:fs';
import { recordRuns, replay, type RecordedRun } from './recorded-runs.js';
import { from } from 'arquero';
import { Learner, LMLearner, type GenerateOptions } from 'nestjs-vts/learner';
import { inTurns, type Pair } from '../statistics.js';
import { answerQuestions } from './answer.js';
import { rowsOf, type Row } from './rows.js';
import { textOf } from './texts.js';

/** A prediction to measure. */
export type Item =
  | { readonly tokens: number }
  /** The number of words to add to a short text, or to one of that many tokens. */
  | { readonly words: number; readonly behind?: number; readonly options: GenerateOptions }
  | { readonly rows: number; readonly as: 'row' | 'objects' | 'frame' }
  | { readonly photo: string; readonly count?: number };

export interface InProcessQuestion {
  readonly item: Item;
  readonly ms: number;
}

export interface InProcessAnswer extends Pair {
  /** How many items one call has: words, rows, photographs. */
  readonly items: number;
}

// A learner in a separate process. Each prediction alternates with its own onnxruntime runs, which
// were recorded. Argument: the learner's file.
const learner = await Learner.load(process.argv[2]!);

interface Calls {
  /** Items of one call. */
  readonly items: number;
  /**
   * Calls of the same kind with different items, in turns, because nobody predicts only one text.
   */
  readonly calls: readonly (() => Promise<unknown>)[];
}

const DIFFERENT = 8;

function callsOf(item: Item): Calls {
  const different = <T>(make: (at: number) => T): T[] =>
    Array.from({ length: DIFFERENT }, (_, at) => make(at));
  if ('tokens' in item) {
    const texts = learner as Learner<string>;
    const all = different((at) => textOf(item.tokens, (part) => texts.tokenize(part), at));
    return { items: 1, calls: all.map((text) => () => texts.predict(text)) };
  }
  if ('words' in item) {
    const { words, behind, options } = item;
    const lm = learner as unknown as LMLearner;
    // A list counts as tokens. The rules would shorten a text that repeats a word.
    const tokens = ['xxbos', ...Array<string>((behind ?? 1) - 1).fill('it')] as unknown as string;
    const text = behind === undefined ? 'I really liked' : tokens;
    return { items: words, calls: [() => lm.predict(text, words, options)] };
  }
  if ('rows' in item) {
    const table = learner as Learner<Row>;
    if (item.as === 'row') {
      return { items: 1, calls: rowsOf(DIFFERENT).map((row) => () => table.predict(row)) };
    }
    const rows = rowsOf(item.rows);
    const items = item.as === 'frame' ? from(rows) : rows;
    return { items: item.rows, calls: [() => table.getPreds(items)] };
  }
  const photo = readFileSync(item.photo);
  const images = learner as Learner<Uint8Array>;
  if (item.count === undefined) return { items: 1, calls: [() => images.predict(photo)] };
  const photos = Array<Uint8Array>(item.count).fill(photo);
  return { items: item.count, calls: [() => images.getPreds(photos)] };
}

const prepared = new Map<string, ReturnType<typeof prepare>>();

async function prepare(item: Item) {
  const { items, calls } = callsOf(item);
  const runs: RecordedRun[][] = [];
  for (const call of calls) runs.push(await recordRuns(call));
  return { items, calls, runs };
}

await answerQuestions(async ({ item, ms }: InProcessQuestion): Promise<InProcessAnswer> => {
  const key = JSON.stringify(item);
  if (!prepared.has(key)) prepared.set(key, prepare(item));
  const { items, calls, runs } = await prepared.get(key)!;
  const bare = (turn: number): Promise<void> => replay(runs[turn % runs.length]!);
  const call = (turn: number): Promise<unknown> => calls[turn % calls.length]!();
  return { ...(await inTurns(bare, call, ms)), items };
});
