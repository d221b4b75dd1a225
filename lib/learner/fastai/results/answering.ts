import { qualifiedNameOf, PyObject } from '../../torch/index.js';
import type { Answers, Inference, LearnerResult, Results, Vocab } from '../contract.js';
import type { LearnerFile } from '../learner-file.js';
import type { Loss } from '../losses/loss.js';
import {
  readResultTargets,
  unfit,
  type ReadingTargets,
  type ResultTargets,
} from './result-targets.js';
import { isSeveral, type Given } from './results.js';
import { ResultSteps } from './steps.js';

/** From the output of a model to predictions, for one result and for several. */
export class Answering {
  readonly #steps: ResultSteps;
  readonly #targets: ResultTargets | undefined;
  readonly #count: number;
  /** Whether predictions have several results. */
  readonly isSeveral: boolean;

  /** @throws UnsupportedLearnerError if fastai's `get_preds` fails for each item. */
  constructor(
    private readonly inference: Inference<unknown, unknown> & ReadingTargets,
    private readonly loss: Loss,
    file: LearnerFile,
  ) {
    const { form, targetOf } = inference;
    this.#steps = new ResultSteps(loss, nameOf(file));
    this.#steps.check(form);
    this.#count = file.dls.targets.length;
    const ofModel = form !== undefined && form !== 'tensor';
    this.#targets = targetOf && readResultTargets(file, targetOf);
    // A loss may make several results of one.
    this.isSeveral = targetOf ? this.#count > 1 && (ofModel || loss.code !== undefined) : ofModel;
  }

  get vocab(): Vocab {
    const { inference, isSeveral: several } = this;
    if (!several || !this.#targets) return inference.vocab;
    const lists = [...(inference.inputVocabs ?? []), ...this.#targets.vocabs];
    return lists.length === 1 ? lists[0]! : lists;
  }

  get answers(): Answers {
    const { answers, severalAnswers } = this.inference;
    if (!this.isSeveral) return answers;
    const { task, results } = this.#targets?.answers ?? severalAnswers!;
    const { classes: _, targets: __, ...others } = answers;
    return { ...others, task, results: results.map((result, at) => this.#byLoss(result, at)) };
  }

  /** After the activation of the loss. */
  activated(output: Results): Promise<Given> {
    return this.#steps.apply('activation', {
      results: output,
      form: isSeveral(output) ? this.inference.form! : 'tensor',
    });
  }

  /** After its `decodes`. */
  async decoded(activated: Given): Promise<Results> {
    return (await this.#steps.apply('decodes', activated)).results;
  }

  /** fastai's first element of `predict`, for one row. @throws UnsupportedLearnerError */
  shown(target: Results, encoded: unknown): unknown {
    const { inference } = this;
    if (!isSeveral(target)) {
      // The loss chose one result, which may be of any of the targets.
      if (this.isSeveral && this.#targets) throw unfit(1, this.#count);
      return inference.decode(target, encoded);
    }
    return this.#targets
      ? this.#targets.decode(target, encoded)
      : inference.decodeSeveral!(target, encoded);
  }

  /** With what the activations that the user named tell. */
  #byLoss(result: LearnerResult, at: number): LearnerResult {
    const threshold = this.loss.each?.[at]?.threshold;
    if (threshold === undefined || result.task === 'segment') return result;
    return { ...result, threshold, ...(result.task === 'classify' && { task: 'multilabel' }) };
  }
}

function nameOf({ loss }: Pick<LearnerFile, 'loss'>): string {
  return qualifiedNameOf(loss) ?? (loss instanceof PyObject ? loss.className : 'a function');
}
