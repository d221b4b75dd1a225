import { Tensor } from 'onnxruntime-common';
import type { TextLimits } from '../../onnx/lowering/lowering.js';
import type { OnnxSession } from '../../onnx/session/onnx-session.js';
import { packTextBatch, refusePadAtChunkStart } from '../../onnx/text/text-batch.js';
import { guarded } from '../../runtime/run-guard.js';
import type { Module } from '../../torch/module.js';
import type { LearnerOptions } from '../contract.js';
import { concatRows, joinRows } from '../data/rows.js';
import { UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import { openModel, type HowToLower } from '../open-model.js';
import { runForeignModel } from './foreign-model.js';

/** Token ids in, the model's output out; each row is computed as if it were alone. */
export interface TextModel {
  forward(rows: readonly Int32Array[]): Promise<Tensor>;
  release(): Promise<void>;
}

export async function openTextModel(
  file: LearnerFile,
  options: LearnerOptions,
): Promise<TextModel> {
  const { session, facts: limits } = await openModel(file, options, lowerClassifier);
  return {
    forward: limits
      ? async (rows) => {
          if (options.quantize === 'int8') refusePads(rows, limits);
          return runBatches(session, rows, limits);
        }
      : (rows) => runOneByOne(session, rows),
    release: () => guarded(() => session.release()),
  };
}

const REMEDY = 'Remove the token, or load the learner without quantize.';

function refusePads(rows: readonly Int32Array[], limits: TextLimits): void {
  for (const [index, row] of rows.entries()) refusePadAtChunkStart(row, index, limits, REMEDY);
}

async function lowerClassifier(model: Module, how: HowToLower) {
  const { lowerModel } = await import('../../onnx/lowering/lower-model.js');
  const { graph, hints } = lowerModel(model, how);
  if (hints.kind === 'text-classifier') return { graph, facts: hints.text };
  throw new UnsupportedLearnerError(
    `The learner's model is a "${model.className}", which does not start with fastai's SentenceEncoder`,
    "run it from an ONNX file with Learner.load(file, { onnx: 'model.onnx' })",
  );
}

/** Rows in one run. More rows win little, and cost memory for the longest of them. */
const MAX_ROWS = 64;
/** Tokens in one run, padding included: bounds its memory whatever the length of the texts. */
const MAX_TOKENS = 64 * 1024;

/** One graph takes any batch and length. */
async function runBatches(
  session: OnnxSession,
  rows: readonly Int32Array[],
  limits: TextLimits,
): Promise<Tensor> {
  if (rows.length === 1) return runBatch(session, rows, limits);
  // Rows of like length together: padding is computed too.
  const order = rows.map((_, index) => index).sort((a, b) => rows[a]!.length - rows[b]!.length);
  const parts: Tensor[] = [];
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && fits(end - start + 1, rows[order[end]!]!.length)) end++;
    const batch = order.slice(start, end).map((index) => rows[index]!);
    parts.push(await runBatch(session, batch, limits));
    start = end;
  }
  return joinRows(parts, order);
}

function fits(rows: number, width: number): boolean {
  return rows <= MAX_ROWS && rows * width <= MAX_TOKENS;
}

async function runBatch(
  session: OnnxSession,
  rows: readonly Int32Array[],
  limits: TextLimits,
): Promise<Tensor> {
  const { ids, lengths, dims } = packTextBatch(rows, limits);
  const feeds = {
    ids: new Tensor('int32', ids, dims),
    lengths: new Tensor('int32', lengths, [lengths.length]),
  };
  const outputs = await guarded(() => session.run(feeds));
  return outputs['logits'] as Tensor;
}

async function runOneByOne(session: OnnxSession, rows: readonly Int32Array[]): Promise<Tensor> {
  const parts: Tensor[] = [];
  for (const row of rows) parts.push(await runForeignModel(session, row, 'text learner'));
  return concatRows(parts);
}
