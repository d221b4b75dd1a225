import type { Tensor } from 'onnxruntime-common';
import type {
  DecodedRow,
  FrameLike,
  LearnerDescription,
  Prediction,
  Results,
  Vocab,
} from '../../learner/fastai/contract.js';
import type { InputError } from '../../learner/errors/index.js';
import type { Learner } from '../../learner/fastai/learner.js';
import { packFrame } from '../../learner/fastai/tabular/packed-frame.js';
import type { Column } from '../../learner/fastai/tabular/table.js';
import type { FastaiRunner, LanguageModelRunner } from '../../serving/models/fastai/types.js';
import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import { RunnerClosedError, RunnerUnavailableError } from '../../serving/runner/errors.js';
import { continuedText } from '../../serving/models/fastai/generation.js';
import {
  classesOf,
  eachResult,
  nested,
  scoredOf,
  scoredResults,
} from '../../nest/served-model/scored.js';
import { isTensor } from '../../learner/runtime/is-tensor.js';
import { describeFailure } from '../errors.js';
import type { GenerateSettings } from '../predict/given-options.js';
import type { Items } from './batch-items.js';
import { joined, lengthOf } from './chunk.js';
import { PackedRows } from './packed-rows.js';
import { ROWS_METHOD } from './worker/method-names.js';

/** The predictions for some rows. */
export interface Scores {
  /** By row: a name, names, a number, numbers or a text; no valid one if the row failed. */
  readonly predictions: Column;
  /** By row and class, if the learner has classes. */
  readonly probabilities?: Float32Array;
  /** Why rows failed, by their index. */
  readonly faults: ReadonlyMap<number, string>;
}

/** The kind of predictions, known before the first one. */
export interface ScoreShape {
  readonly prediction: 'text' | 'number' | 'json' | 'mask' | 'image';
  /** Names of the probabilities. */
  readonly classes: readonly string[];
  /** Whether one of the classes is chosen, so that its probability is the score. */
  readonly chooses: boolean;
}

export interface Scorer {
  readonly shape: ScoreShape;
  /**
   * Rows per call: enough that messages to the worker cost little, but few enough to keep all
   * workers busy.
   */
  readonly step: number;
  score(items: Items): Promise<Scores>;
}

const STEPS: Readonly<Record<string, number>> = {
  tabular: 8192,
  collab: 8192,
  text: 64,
  vision: 8,
};
const NO_LIMIT = { timeoutMs: 0 };

/** The methods of a learner that predictions need, wherever it runs. */
export type LearnerFacts = Pick<FastaiRunner<unknown, unknown>, 'description' | 'schema' | 'vocab'>;

/** Rows per call that predicts many; undefined if rows are predicted one by one. */
function bulkStep({ description, schema }: LearnerFacts): number | undefined {
  const several = (schema?.targets.length ?? 0) > 1 || schema?.ownCode === true;
  const inBulk = !several && ['classify', 'multilabel', 'regress'].includes(description.task);
  return inBulk ? STEPS[description.kind] : undefined;
}

/**
 * Whether rows stay columns from the file to the model and back, so that a worker can do all the
 * work.
 */
export function isColumnar(learner: LearnerFacts): boolean {
  return learner.schema !== undefined && bulkStep(learner) !== undefined;
}

/** Predicts the same numbers as `learner.predict`, row by row. */
export function learnerScorer(runner: FastaiRunner<unknown, unknown>): Scorer {
  const step = bulkStep(runner);
  if (step !== undefined) {
    const predict = isColumnar(runner) ? rowsBy(runner) : predsBy(runner);
    return bulkScorer(runner, step, predict);
  }
  const shape = shapeOf(runner.description, runner.vocab as Vocab);
  const one = async (item: unknown): Promise<Scored> => ofItem(runner, item, shape);
  return { shape, step: 1, score: (items) => each(items, one) };
}

/** Predictions of several rows, and why others have none. */
interface BulkPreds {
  /** Several if the loss decodes one of the model's results. */
  readonly predictions: Results;
  readonly decoded: Tensor;
  readonly faults: ReadonlyMap<number, string>;
}

type PredictBulk = (items: Items) => Promise<BulkPreds>;

function predsBy(runner: FastaiRunner<unknown, unknown>): PredictBulk {
  const how = { ...NO_LIMIT, withDecoded: true } as const;
  return async (items) => {
    const [predictions, , decoded] = await runner.getPreds.run(items as never, how);
    return { predictions, decoded, faults: new Map() };
  };
}

function rowsBy(runner: RunnerHandle): PredictBulk {
  return (items) => runner.method(ROWS_METHOD).run(items, NO_LIMIT) as Promise<BulkPreds>;
}

/** The same for the learner of this thread. */
export function columnarScorer(learner: Learner): Scorer {
  const facts = factsOf(learner);
  return bulkScorer(facts, bulkStep(facts) ?? 1, (items) => {
    return rowPreds(learner, packFrame(items as PackedRows) as unknown as FrameLike);
  });
}

export async function rowPreds(learner: Learner, frame: FrameLike): Promise<BulkPreds> {
  const refused = new Map<number, InputError>();
  const [predictions, decoded] = await learner.predsOfRows(frame, refused);
  const faults = new Map([...refused].map(([row, error]) => [row, describeFailure(error)]));
  return { predictions, decoded, faults };
}

export function factsOf({ description, vocab }: Learner): LearnerFacts {
  return { description, vocab, schema: description.columns };
}

function bulkScorer(
  { description, vocab }: LearnerFacts,
  step: number,
  predict: PredictBulk,
): Scorer {
  const shape = shapeOf(description, vocab as Vocab);
  const decode = decoder(description, shape.classes);
  const score = async (items: Items): Promise<Scores> => {
    const { predictions, decoded, faults } = await predict(items);
    return {
      predictions: decode(decoded.data as Float32Array, sizeOf(items)),
      ...(shape.classes.length > 0 &&
        isTensor(predictions) && { probabilities: predictions.data as Float32Array }),
      faults,
    };
  };
  return { shape, step, score: (items) => halved(items, score, shape.classes.length) };
}

/** Continues texts, or returns their embeddings. */
export function languageScorer(
  runner: LanguageModelRunner,
  { words = 20, stop, temperature, minP, seed }: GenerateSettings,
  embeddings: boolean,
): Scorer {
  const options = {
    nWords: words,
    ...NO_LIMIT,
    ...(temperature !== undefined && { temperature }),
    ...(minP !== undefined && { minP }),
    ...(seed !== undefined && { seed }),
  };
  const one = async (item: unknown): Promise<Scored> => {
    const text = String(item);
    if (embeddings) return { prediction: nested(await runner.encode.run(text, NO_LIMIT)) };
    return { prediction: await continuedText(runner, { text, options, stop }) };
  };
  const prediction = embeddings ? 'json' : 'text';
  const shape: ScoreShape = { prediction, classes: [], chooses: false };
  return { shape, step: 1, score: (items) => each(items, one) };
}

/** Calls a model of the PyTorch layer, whose runner batches calls. */
export function moduleScorer(run: (item: unknown) => Promise<unknown>): Scorer {
  const one = async (item: unknown): Promise<Scored> => ({ prediction: await run(item) });
  const shape: ScoreShape = { prediction: 'json', classes: [], chooses: false };
  return { shape, step: 32, score: (items) => each(items, one) };
}

interface Scored {
  readonly prediction: unknown;
  readonly probabilities?: ArrayLike<number>;
}

function shapeOf(description: LearnerDescription, vocab: Vocab): ScoreShape {
  const { task, kind, targets = [] } = description;
  const classes = description.classes ?? classesOf(vocab) ?? [];
  if (task === 'segment') return { prediction: 'mask', classes: [], chooses: false };
  if (task === 'image') return { prediction: 'image', classes: [], chooses: false };
  if (task === 'classify') return { prediction: 'text', classes, chooses: true };
  if (task === 'multilabel') return { prediction: 'json', classes, chooses: false };
  const single = task === 'regress' && (targets.length === 1 || kind === 'collab');
  return { prediction: single ? 'number' : 'json', classes: [], chooses: false };
}

/** The decoded targets of rows, as in `learner.predict`. */
function decoder(
  { task }: LearnerDescription,
  classes: readonly string[],
): (targets: ArrayLike<number | bigint>, rows: number) => Column {
  if (task === 'classify') {
    return (targets) => {
      const codes = new Int32Array(targets.length);
      for (let row = 0; row < codes.length; row++) codes[row] = Number(targets[row]);
      return codes.every((code) => code < classes.length)
        ? { codes, values: classes }
        : Array.from(codes, (code) => classes[code]);
    };
  }
  return (targets, rows) => {
    const width = targets.length / rows;
    if (task !== 'multilabel' && width === 1) return Float32Array.from(targets, Number);
    return Array.from({ length: rows }, (_, row) => {
      const values = Array.from({ length: width }, (_, at) => Number(targets[row * width + at]));
      return task === 'multilabel' ? classes.filter((_, at) => values[at] === 1) : values;
    });
  };
}

/** The scores of consecutive rows. @param width Probabilities of a row. */
export function joinScores(parts: readonly Scores[], width: number): Scores {
  const rows = parts.reduce((sum, { predictions }) => sum + lengthOf(predictions), 0);
  const probabilities = new Float32Array(width * rows);
  const faults = new Map<number, string>();
  let first = 0;
  for (const part of parts) {
    if (part.probabilities) probabilities.set(part.probabilities, first * width);
    for (const [row, reason] of part.faults) faults.set(first + row, reason);
    first += lengthOf(part.predictions);
  }
  return {
    predictions: joined(parts.map(({ predictions }) => predictions)),
    ...(width > 0 && { probabilities }),
    faults,
  };
}

async function ofItem(
  runner: FastaiRunner<unknown, unknown>,
  item: unknown,
  { classes }: ScoreShape,
): Promise<Scored> {
  const triple: Prediction<unknown, Results> = await runner.predict.run(item, NO_LIMIT);
  const several = eachResult(triple, runner.description.results);
  if (several) return { prediction: scoredResults(several).prediction };
  const { schema } = runner;
  const shown = schema && {
    row: await runner.decodeRow.run(triple[0] as DecodedRow, NO_LIMIT),
    targets: schema.targets,
  };
  const { prediction } = scoredOf(triple, classes, shown);
  const [, , probabilities] = triple;
  if (!isTensor(probabilities) || probabilities.data.length !== classes.length) {
    return { prediction };
  }
  return { prediction, probabilities: probabilities.data as Float32Array };
}

async function each(items: Items, one: (item: unknown) => Promise<Scored>): Promise<Scores> {
  const faults = new Map<number, string>();
  const list = Array.isArray(items) ? items : [];
  const scored = await Promise.all(
    list.map((item, at) =>
      one(item).catch((error: unknown) => {
        if (endsAll(error)) throw error;
        faults.set(at, describeFailure(error));
        return undefined;
      }),
    ),
  );
  const width = scored.find((each) => each?.probabilities)?.probabilities?.length ?? 0;
  const probabilities = new Float32Array(width * list.length);
  scored.forEach(
    (each, at) => each?.probabilities && probabilities.set(each.probabilities, at * width),
  );
  return {
    predictions: scored.map((each) => each?.prediction),
    ...(width > 0 && { probabilities }),
    faults,
  };
}

/** If a call fails, tries again with halves, so that only a bad row fails. */
async function halved(
  items: Items,
  score: (items: Items) => Promise<Scores>,
  width: number,
): Promise<Scores> {
  try {
    return await score(items);
  } catch (error) {
    if (endsAll(error)) throw error;
    const rows = sizeOf(items);
    if (rows === 1) {
      const faults = new Map([[0, describeFailure(error)]]);
      return { predictions: [undefined], probabilities: new Float32Array(width), faults };
    }
    const middle = rows >> 1;
    const first = await halved(items.slice(0, middle), score, width);
    const second = await halved(items.slice(middle, rows), score, width);
    return joinScores([first, second], width);
  }
}

function endsAll(error: unknown): boolean {
  return error instanceof RunnerClosedError || error instanceof RunnerUnavailableError;
}

function sizeOf(items: Items): number {
  return items instanceof PackedRows ? items.numRows() : items.length;
}
