import { Tensor } from 'onnxruntime-common';
import type { Graph } from '../../onnx/graph.js';
import type { TextLimits } from '../../onnx/lowering/lowering.js';
import type { ModelSession } from '../../onnx/session/model-session.js';
import { packTextBatch, refusePadAtChunkStart } from '../../onnx/text/text-batch.js';
import { guarded } from '../../runtime/run-guard.js';
import type { Module } from '../../torch/module.js';
import type { LearnerOptions } from '../contract.js';
import { concatRows, joinRows } from '../data/rows.js';
import { UnsupportedLearnerError } from '../errors.js';
import { outputOfClasses } from '../foreign/expected-model.js';
import type { LearnerFile } from '../learner-file.js';
import { openModel, type HowToLower } from '../open-model.js';
import { runForeignModel, TOKEN_IDS } from './foreign-model.js';
import { rowsDone } from '../../runtime/rows-done.js';

/** Maps token ids to the model's output; computes each row as if it were alone. */
export interface TextModel {
  forward(rows: readonly Int32Array[]): Promise<Tensor>;
  release(): Promise<void>;
}

export async function openTextModel(
  file: LearnerFile,
  options: LearnerOptions,
  classes: readonly string[] | undefined,
): Promise<TextModel> {
  const { session, facts: limits } = await openModel(file, options, lowerClassifier, {
    inputs: [TOKEN_IDS],
    ...outputOfClasses(classes),
  });
  return {
    forward: limits
      ? async (rows) => {
          if (options.quantize === 'int8') refusePads(rows, limits);
          return limits.ownHead
            ? runByLength(session, rows, limits)
            : runBatches(session, rows, limits);
        }
      : (rows) => runOneByOne(session, rows),
    release: () => guarded(() => session.release()),
  };
}

const REMEDY = 'Remove the token, or load the learner without quantize.';

function refusePads(rows: readonly Int32Array[], limits: TextLimits): void {
  for (const [index, row] of rows.entries()) refusePadAtChunkStart(row, index, limits, REMEDY);
}

/** The ids that a classifier on fastai's encoder takes; undefined for other models. */
interface TextFacts extends TextLimits {
  /** Its head is custom code that sees all positions, so rows must not be padded. */
  readonly ownHead?: boolean;
}

async function lowerClassifier(
  model: Module,
  how: HowToLower,
): Promise<{ graph: Graph; facts: TextFacts | null }> {
  const { lowerModel } = await import('../../onnx/lowering/lower-model.js');
  const { hasOwnCode, signatureOf } = await import('../../onnx/lowering/registry.js');
  const hints = signatureOf(model)?.hints;
  if (hints?.kind === 'text-classifier') {
    const { graph, ownCode } = lowerModel(model, { ...how, plainTensors: false });
    return { graph, facts: { ...hints.text, ...(ownCode && { ownHead: true }) } };
  }
  if (hasOwnCode(model, how.sources !== undefined)) {
    // fastai gives one text without padding.
    const ids = { name: 'ids', dtype: 'int64', dims: ['batch', 'length'] } as const;
    const { graph } = lowerModel(model, {
      ...how,
      inputs: [ids],
      outputs: ['logits'],
      plainTensors: false,
    });
    return { graph, facts: null };
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
  session: ModelSession,
  rows: readonly Int32Array[],
  limits: TextLimits,
): Promise<Tensor> {
  if (rows.length === 1) return runBatch(session, rows, limits);
  // Groups rows of similar length, because padding is computed too.
  const order = rows.map((_, index) => index).sort((a, b) => rows[a]!.length - rows[b]!.length);
  const parts: Tensor[] = [];
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && fits(end - start + 1, rows[order[end]!]!.length)) end++;
    const batch = order.slice(start, end).map((index) => rows[index]!);
    parts.push(await runBatch(session, batch, limits));
    start = end;
    rowsDone(end, order.length);
  }
  return joinRows(parts, order);
}

/** Groups rows of the same length. */
async function runByLength(
  session: ModelSession,
  rows: readonly Int32Array[],
  limits: TextLimits,
): Promise<Tensor> {
  const groups = new Map<number, number[]>();
  rows.forEach(({ length }, index) => {
    const group = groups.get(length);
    if (group) group.push(index);
    else groups.set(length, [index]);
  });
  const parts: Tensor[] = [];
  const order: number[] = [];
  for (const [length, indices] of groups) {
    const most = Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_TOKENS / length)));
    for (let start = 0; start < indices.length; start += most) {
      const some = indices.slice(start, start + most);
      const batch = some.map((index) => rows[index]!);
      parts.push(await runBatch(session, batch, limits));
      order.push(...some);
      rowsDone(order.length, rows.length);
    }
  }
  return joinRows(parts, order);
}

function fits(rows: number, width: number): boolean {
  return rows <= MAX_ROWS && rows * width <= MAX_TOKENS;
}

async function runBatch(
  session: ModelSession,
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

async function runOneByOne(session: ModelSession, rows: readonly Int32Array[]): Promise<Tensor> {
  const parts: Tensor[] = [];
  for (const row of rows) {
    parts.push(await runForeignModel(session, row));
    rowsDone(parts.length, rows.length);
  }
  return concatRows(parts);
}
