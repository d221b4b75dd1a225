import { Tensor } from 'onnxruntime-common';
import {
  createSession,
  lowerModel,
  openSession,
  packTextBatch,
  type OnnxSession,
  type TextLimits,
} from '../../onnx/index.js';
import { guarded } from '../../runtime/run-guard.js';
import { joinRows } from '../data/rows.js';
import { UnsupportedLearnerError } from '../errors/index.js';
import type { LearnerFile } from '../learner-file.js';
import type { LearnerOptions } from '../learner.js';

/** Token ids in, the model's output out; each row is computed as if it were alone. */
export interface TextModel {
  forward(rows: readonly Int32Array[]): Promise<Tensor>;
  release(): Promise<void>;
}

/** The learner's own model, lowered; or the ONNX file that takes its place. */
export async function openTextModel(
  file: LearnerFile,
  options: LearnerOptions,
): Promise<TextModel> {
  const { onnx, intraOpNumThreads = 1 } = options;
  if (onnx !== undefined) {
    return new ForeignTextModel(await guarded(() => openSession(onnx, { intraOpNumThreads })));
  }
  const { graph, hints } = lowerModel(file.model);
  if (hints.kind !== 'text-classifier') {
    throw new UnsupportedLearnerError(
      `The learner's model is a "${file.model.className}", which does not start with fastai's SentenceEncoder`,
      "run it from an ONNX file with Learner.load(file, { onnx: 'model.onnx' })",
    );
  }
  const session = await guarded(() => createSession(graph, { intraOpNumThreads }));
  return new LoweredTextModel(session, hints.text);
}

/** Rows in one run. More rows win little, and cost memory for the longest of them. */
const MAX_ROWS = 64;
/** Tokens in one run, padding included: bounds its memory whatever the length of the texts. */
const MAX_TOKENS = 64 * 1024;

/** One graph for any batch and length. */
class LoweredTextModel implements TextModel {
  constructor(
    private readonly session: OnnxSession,
    private readonly limits: TextLimits,
  ) {}

  async forward(rows: readonly Int32Array[]): Promise<Tensor> {
    if (rows.length === 1) return this.run(rows);
    // Rows of like length together: padding is computed too.
    const order = rows.map((_, index) => index).sort((a, b) => rows[a]!.length - rows[b]!.length);
    const parts: Tensor[] = [];
    for (let start = 0; start < order.length;) {
      let end = start + 1;
      while (end < order.length && fits(end - start + 1, rows[order[end]!]!.length)) end++;
      parts.push(await this.run(order.slice(start, end).map((index) => rows[index]!)));
      start = end;
    }
    return joinRows(parts, order);
  }

  private async run(rows: readonly Int32Array[]): Promise<Tensor> {
    const { ids, lengths, dims } = packTextBatch(rows, this.limits);
    const outputs = await guarded(() =>
      this.session.run({
        ids: new Tensor('int32', ids, dims),
        lengths: new Tensor('int32', lengths, [lengths.length]),
      }),
    );
    return outputs['logits'] as Tensor;
  }

  release(): Promise<void> {
    return guarded(() => this.session.release());
  }
}

function fits(rows: number, width: number): boolean {
  return rows <= MAX_ROWS && rows * width <= MAX_TOKENS;
}

/** A model from `torch.onnx.export`: int64 ids of one text in, the first output out. */
class ForeignTextModel implements TextModel {
  constructor(private readonly session: OnnxSession) {}

  async forward(rows: readonly Int32Array[]): Promise<Tensor> {
    const parts: Tensor[] = [];
    for (const row of rows) parts.push(await this.run(row));
    return joinRows(
      parts,
      rows.map((_, index) => index),
    );
  }

  private async run(row: Int32Array): Promise<Tensor> {
    const [input] = this.session.inputNames;
    const [output] = this.session.outputNames;
    if (input === undefined || output === undefined || this.session.inputNames.length !== 1) {
      throw new UnsupportedLearnerError(
        `The ONNX model takes ${this.session.inputNames.length} inputs, and a text learner gives one, the token ids`,
        'export it with torch.onnx.export(learner.model, ids) where ids is an int64 tensor of shape [1, length]',
      );
    }
    const ids = new Tensor('int64', BigInt64Array.from(row, BigInt), [1, row.length]);
    const outputs = await guarded(() => this.session.run({ [input]: ids }));
    return outputs[output] as Tensor;
  }

  release(): Promise<void> {
    return guarded(() => this.session.release());
  }
}
