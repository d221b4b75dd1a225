import { Tensor } from 'onnxruntime-common';
import type { LoweredModel } from '../../onnx/lowering/lower-model.js';
import type { ResultForm } from '../../onnx/lowering/result-form.js';
import type { TextLimits } from '../../onnx/lowering/lowering.js';
import type { ModelSession } from '../../onnx/session/model-session.js';
import { packChunks, packTextBatch, refusePadAtChunkStart } from '../../onnx/text/text-batch.js';
import { guarded } from '../../runtime/run-guard.js';
import type { Module } from '../../torch/module.js';
import type { LearnerOptions, Results } from '../contract.js';
import { joinTensors } from '../data/tensor-rows.js';
import { UnsupportedLearnerError } from '../errors.js';
import { outputOfClasses } from '../foreign/expected-model.js';
import type { LearnerFile } from '../learner-file.js';
import { openModel, type HowToLower } from '../open-model.js';
import { joinResults, reordered, resultsOf } from '../results/results.js';
import { runForeignModel, TOKEN_IDS } from './foreign-model.js';
import { rowsDone } from '../../runtime/rows-done.js';

/** Maps token ids to the model's output; computes each row as if it were alone. */
export interface TextModel {
  /** How the model returns its results. */
  readonly form: ResultForm;
  forward(rows: readonly Int32Array[]): Promise<Results>;
  release(): Promise<void>;
}

/** An open model. */
interface Running {
  readonly session: ModelSession;
  readonly form: ResultForm;
}

export async function openTextModel(
  file: LearnerFile,
  options: LearnerOptions,
  classes: readonly string[] | undefined,
): Promise<TextModel> {
  const {
    session,
    facts: limits,
    form: own,
  } = await openModel(file, options, lowerClassifier, {
    inputs: [TOKEN_IDS],
    ...outputOfClasses(classes),
  });
  // The callbacks of these learners leave only the first of three results.
  const form = file.className.endsWith('.TextLearner') ? 'tensor' : own;
  return {
    form,
    forward: limits
      ? async (rows) => {
          if (options.quantize === 'int8') refusePads(rows, limits);
          return limits.ownHead
            ? runByLength({ session, form }, rows, limits)
            : runBatches({ session, form }, rows, limits);
        }
      : (rows) => runOneByOne({ session, form }, rows),
    release: () => guarded(() => session.release()),
  };
}

const REMEDY = 'Remove the token, or load the learner without quantize.';

function refusePads(rows: readonly Int32Array[], limits: TextLimits): void {
  for (const [index, row] of rows.entries()) refusePadAtChunkStart(row, index, limits, REMEDY);
}

/** The ids that a classifier on fastai's encoder takes; undefined for other models. */
export interface TextFacts extends TextLimits {
  /** The graph takes the ids in chunks: [rows, chunks, bptt]. */
  readonly isChunked?: boolean;
  /** Its head is custom code that sees all positions, so rows must not be padded. */
  readonly ownHead?: boolean;
}

async function lowerClassifier(
  model: Module,
  how: HowToLower,
): Promise<LoweredModel & { facts: TextFacts | null }> {
  const { lowerModel } = await import('../../onnx/lowering/lower-model.js');
  const { hasOwnCode, signatureOf } = await import('../../onnx/lowering/registry.js');
  const { ownEncoderLimits } = await import('../../onnx/lowering/text/own-encoder.js');
  const own = ownEncoderLimits(model);
  if (own) {
    const { lowerOnOwnEncoder } = await import('./own-encoder.js');
    return lowerOnOwnEncoder(model, own, how);
  }
  const hints = signatureOf(model)?.hints;
  if (hints?.kind === 'text-classifier') {
    const lowered = lowerModel(model, { ...how, plainTensors: false });
    return { ...lowered, facts: { ...hints.text, ...(lowered.ownCode && { ownHead: true }) } };
  }
  if (hasOwnCode(model, how.sources !== undefined)) {
    // fastai gives one text without padding.
    const ids = { name: 'ids', dtype: 'int64', dims: ['batch', 'length'] } as const;
    const lowered = lowerModel(model, {
      ...how,
      inputs: [ids],
      outputs: ['logits'],
      plainTensors: false,
    });
    return { ...lowered, facts: null };
  }
  throw new UnsupportedLearnerError(
    `The learner's model is a "${model.className}", and it does not start with fastai's ` +
      'SentenceEncoder',
    "run it from an ONNX file with Learner.load(file, { onnx: 'model.onnx' })",
  );
}

/** Rows per run. More rows gain little, and use memory for the longest of them. */
const MAX_ROWS = 64;
/** Tokens per run, including padding: it limits memory whatever the length of the texts. */
const MAX_TOKENS = 64 * 1024;

/** One graph takes any batch and length. */
async function runBatches(
  model: Running,
  rows: readonly Int32Array[],
  limits: TextFacts,
): Promise<Results> {
  if (rows.length === 1) return runBatch(model, rows, limits);
  // Groups rows of similar length, because padding is computed too.
  const order = rows.map((_, index) => index).sort((a, b) => rows[a]!.length - rows[b]!.length);
  const parts: Results[] = [];
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && fits(end - start + 1, rows[order[end]!]!.length)) end++;
    const batch = order.slice(start, end).map((index) => rows[index]!);
    parts.push(await runBatch(model, batch, limits));
    start = end;
    rowsDone(end, order.length);
  }
  return joinResults(parts, (tensors) => reordered(tensors, order));
}

/** Groups rows of the same length. */
async function runByLength(
  model: Running,
  rows: readonly Int32Array[],
  limits: TextFacts,
): Promise<Results> {
  const groups = new Map<number, number[]>();
  rows.forEach(({ length }, index) => {
    const group = groups.get(length);
    if (group) group.push(index);
    else groups.set(length, [index]);
  });
  const parts: Results[] = [];
  const order: number[] = [];
  for (const [length, indices] of groups) {
    const most = Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_TOKENS / length)));
    for (let start = 0; start < indices.length; start += most) {
      const some = indices.slice(start, start + most);
      const batch = some.map((index) => rows[index]!);
      parts.push(await runBatch(model, batch, limits));
      order.push(...some);
      rowsDone(order.length, rows.length);
    }
  }
  return joinResults(parts, (tensors) => reordered(tensors, order));
}

function fits(rows: number, width: number): boolean {
  return rows <= MAX_ROWS && rows * width <= MAX_TOKENS;
}

async function runBatch(
  { session, form }: Running,
  rows: readonly Int32Array[],
  limits: TextFacts,
): Promise<Results> {
  const { ids, lengths, dims } = limits.isChunked
    ? packChunks(rows, limits)
    : packTextBatch(rows, limits);
  const feeds = {
    ids: new Tensor('int32', ids, dims),
    lengths: new Tensor('int32', lengths, [lengths.length]),
  };
  const outputs = await guarded(() => session.run(feeds));
  return resultsOf(outputs, session.outputNames, form, rows.length);
}

async function runOneByOne(
  { session, form }: Running,
  rows: readonly Int32Array[],
): Promise<Results> {
  const parts: Results[] = [];
  for (const row of rows) {
    const outputs = await runForeignModel(session, row);
    parts.push(resultsOf(outputs, session.outputNames, form, 1));
    rowsDone(parts.length, rows.length);
  }
  return joinResults(parts, joinTensors);
}
