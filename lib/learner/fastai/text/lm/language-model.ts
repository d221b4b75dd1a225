import { Tensor } from 'onnxruntime-common';
import {
  createSession,
  openSession,
  TextInputError,
  type OnnxSession,
} from '../../../onnx/index.js';
import { lowerLanguageModel } from '../../../onnx/lowering/language-model.js';
import { guarded } from '../../../runtime/run-guard.js';
import { UnsupportedLearnerError } from '../../errors/index.js';
import type { LearnerFile } from '../../learner-file.js';
import type { LearnerOptions } from '../../learner.js';

/**
 * What the model makes of tokens: logits [1, vocabulary] of the next one, and the state to go on
 * from.
 */
export interface LanguageStep {
  readonly logits: Tensor;
  readonly state: Float32Array | undefined;
}

/** The model of a language learner, one text at a time. */
export interface LanguageModel {
  /**
   * Runs go on from the state of the one before. Else each run gets the text from its beginning.
   */
  readonly carries: boolean;
  step(ids: Int32Array, state?: Float32Array): Promise<LanguageStep>;
  /** The encoder's output at the last token, where the model tells it. */
  encode?(ids: Int32Array, state?: Float32Array): Promise<LanguageStep & { encoded: Tensor }>;
  release(): Promise<void>;
}

/** The learner's own model, lowered; or the ONNX file that takes its place. */
export async function openLanguageModel(
  file: LearnerFile,
  options: LearnerOptions,
): Promise<LanguageModel> {
  const { onnx, intraOpNumThreads = 1 } = options;
  if (onnx !== undefined) {
    return new ForeignLanguageModel(await guarded(() => openSession(onnx, { intraOpNumThreads })));
  }
  const { graph, vocabSize, stateSize } = lowerLanguageModel(file.model);
  const session = await guarded(() => createSession(graph, { intraOpNumThreads }));
  return new LoweredLanguageModel(session, vocabSize, stateSize);
}

class LoweredLanguageModel implements LanguageModel {
  readonly carries = true;

  constructor(
    private readonly session: OnnxSession,
    private readonly vocabSize: number,
    private readonly stateSize: number,
  ) {}

  async step(ids: Int32Array, state?: Float32Array): Promise<LanguageStep> {
    const outputs = await this.#run(ids, state, ['logits', 'next_state']);
    return { logits: outputs['logits'] as Tensor, state: stateOf(outputs) };
  }

  async encode(ids: Int32Array, state?: Float32Array): Promise<LanguageStep & { encoded: Tensor }> {
    const outputs = await this.#run(ids, state, ['logits', 'next_state', 'encoded']);
    return {
      logits: outputs['logits'] as Tensor,
      state: stateOf(outputs),
      encoded: outputs['encoded'] as Tensor,
    };
  }

  #run(
    ids: Int32Array,
    state: Float32Array | undefined,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, unknown>>> {
    checkIds(ids, this.vocabSize);
    const { stateSize } = this;
    const feeds = {
      ids: new Tensor('int32', ids, [1, ids.length]),
      state: new Tensor('float32', state ?? new Float32Array(stateSize), [1, 1, stateSize]),
    };
    return guarded(() => this.session.run(feeds, fetches));
  }

  release(): Promise<void> {
    return guarded(() => this.session.release());
  }
}

function stateOf(outputs: Readonly<Record<string, unknown>>): Float32Array {
  return (outputs['next_state'] as Tensor).data as Float32Array;
}

/** A model from `torch.onnx.export`: int64 ids of one text in, logits of every position out. */
class ForeignLanguageModel implements LanguageModel {
  readonly carries = false;

  constructor(private readonly session: OnnxSession) {}

  async step(ids: Int32Array): Promise<LanguageStep> {
    checkIds(ids, Infinity);
    const [input] = this.session.inputNames;
    const [output] = this.session.outputNames;
    if (input === undefined || output === undefined || this.session.inputNames.length !== 1) {
      throw new UnsupportedLearnerError(
        `The ONNX model takes ${this.session.inputNames.length} inputs, and a language model gives one, the token ids`,
        'export it with torch.onnx.export(learner.model, ids) where ids is an int64 tensor of shape [1, length]',
      );
    }
    const feeds = {
      [input]: new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
    };
    const outputs = await guarded(() => this.session.run(feeds));
    const all = outputs[output] as Tensor;
    const vocabSize = all.dims[all.dims.length - 1] ?? 0;
    const last = (all.data as Float32Array).slice(-vocabSize);
    return { logits: new Tensor('float32', last, [1, vocabSize]), state: undefined };
  }

  release(): Promise<void> {
    return guarded(() => this.session.release());
  }
}

/** onnxruntime answers an empty sequence with nonsense, and wraps negative ids round. */
function checkIds(ids: Int32Array, vocabSize: number): void {
  if (ids.length === 0) {
    throw new TextInputError('The text has no token', 'Send a text of one token or more.');
  }
  for (const id of ids) {
    if (id >= 0 && id < vocabSize) continue;
    throw new TextInputError(
      `The text has the token id ${id}, and the model's vocabulary ends at ${vocabSize - 1}`,
      'Use the ids that the learner itself gives for its tokens.',
    );
  }
}
