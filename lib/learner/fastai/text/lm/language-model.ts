import { Tensor } from 'onnxruntime-common';
import { TextInputError } from '../../../onnx/errors.js';
import type { ModelSession } from '../../../onnx/session/model-session.js';
import { asItems } from '../../../torch/index.js';
import { guarded } from '../../../runtime/run-guard.js';
import type { LearnerOptions } from '../../contract.js';
import type { LearnerFile } from '../../learner-file.js';
import { transformName } from '../../data/pipeline.js';
import { UnsupportedLearnerError } from '../../errors.js';
import { openModel } from '../../open-model.js';
import { runForeignModel, TOKEN_IDS } from '../foreign-model.js';

/** The result of one run. */
export interface LanguageStep {
  /** Logits [1, vocabulary] of the next token, or [1, tokens, vocabulary] after each token. */
  readonly logits: Tensor;
  /** The state to continue from. */
  readonly state: Float32Array | undefined;
}

/** The model of a language learner, one text at a time. */
export interface LanguageModel {
  /**
   * Whether runs continue from the state of the previous run. Otherwise each run gets the whole
   * text.
   */
  readonly carries: boolean;
  step(ids: Int32Array, state?: Float32Array): Promise<LanguageStep>;
  /** The encoder's output at the last token, if the model provides it. */
  encode?(ids: Int32Array): Promise<Tensor>;
  release(): Promise<void>;
}

export async function openLanguageModel(
  file: LearnerFile,
  options: LearnerOptions,
): Promise<LanguageModel> {
  const { session, facts } = await openModel(
    file,
    options,
    async (model, how) => {
      const { lowerLanguageModel } = await import('../../../onnx/lowering/language-model.js');
      const { hasOwnCode } = await import('../../../onnx/lowering/registry.js');
      if (hasOwnCode(model, how.sources !== undefined)) {
        const { lowerOwnLanguageModel } =
          await import('../../../onnx/lowering/own-language-model.js');
        const graph = lowerOwnLanguageModel(model, { ...how, isOfThree: hasRnnCallback(file) });
        return { graph, facts: null };
      }
      const { graph, ...sizes } = lowerLanguageModel(model);
      return { graph, facts: sizes };
    },
    { inputs: [TOKEN_IDS], output: [null, null] },
  );
  const model = facts
    ? loweredModel(session, facts.vocabSize, facts.stateSize)
    : wholeTextModel(session);
  return { ...model, release: () => guarded(() => session.release()) };
}

function loweredModel(
  session: ModelSession,
  vocabSize: number,
  stateSize: number,
): Omit<LanguageModel, 'release'> {
  const run = async (ids: Int32Array, state: Float32Array | undefined, fetches: string[]) => {
    checkIds(ids, vocabSize);
    const feeds = {
      ids: new Tensor('int32', ids, [1, ids.length]),
      state: new Tensor('float32', state ?? new Float32Array(stateSize), [1, 1, stateSize]),
    };
    const outputs = await guarded(() => session.run(feeds, fetches));
    return fetches.map((name) => outputs[name] as Tensor);
  };
  return {
    carries: true,
    step: async (ids, state) => {
      const [logits, next] = await run(ids, state, ['logits', 'next_state']);
      return { logits: logits!, state: next!.data as Float32Array };
    },
    encode: async (ids) => (await run(ids, undefined, ['encoded']))[0]!,
  };
}

/** A model of the notebook, or of an ONNX file. */
function wholeTextModel(session: ModelSession): Omit<LanguageModel, 'release'> {
  return {
    carries: false,
    step: async (ids) => {
      checkIds(ids, Infinity);
      const outputs = await runForeignModel(session, ids);
      const logits = outputs[session.outputNames[0]!] as Tensor;
      if (logits.dims.length === 3) return { logits, state: undefined };
      throw new UnsupportedLearnerError(
        `The model returns a tensor of shape [${logits.dims.join(', ')}] for one text, but a ` +
          'language model returns [1, tokens, vocabulary]',
        'serve the model with pytorch.saveModel(name, "export.pkl")',
      );
    },
  };
}

/** fastai's callback that keeps the first of the model's three results. */
function hasRnnCallback({ record }: LearnerFile): boolean {
  return asItems(record.attr('cbs'))?.some((one) => transformName(one) === 'RNNCallback') ?? false;
}

/** onnxruntime returns nonsense for an empty sequence, and wraps negative ids. */
function checkIds(ids: Int32Array, vocabSize: number): void {
  if (ids.length === 0) {
    throw new TextInputError('The text has no tokens', 'Send a text of at least one token.');
  }
  const unknown = ids.find((id) => id < 0 || id >= vocabSize);
  if (unknown === undefined) return;
  throw new TextInputError(
    `The text has the token id ${unknown}, but the model's vocabulary ends at ${vocabSize - 1}`,
    'Use the ids that the learner gives for its tokens.',
  );
}
