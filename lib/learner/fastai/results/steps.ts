import type { ResultForm } from '../../onnx/lowering/result-form.js';
import { UnsupportedLearnerError } from '../errors.js';
import { operatorOf } from '../losses/activations.js';
import type { Loss } from '../losses/loss.js';
import { isSeveral, type Given } from './results.js';

type Step = 'activation' | 'decodes';

const REMEDY =
  'give the loss an activation that takes what the model returns, as fastai needs it, or name one ' +
  "for each result: { activation: ['none', 'softmax'] }";

/** The effect of a loss on what a model returned, as in fastai's `get_preds`. */
export class ResultSteps {
  constructor(
    private readonly loss: Loss,
    private readonly lossName: string,
  ) {}

  /**
   * Checks what is known before the first prediction.
   *
   * @throws UnsupportedLearnerError if fastai's `get_preds` fails for each item.
   */
  check(form: ResultForm | undefined): void {
    const { each, code } = this.loss;
    if (form !== undefined && each && lengthOf(form) !== each.length) {
      throw new UnsupportedLearnerError(
        `The option activation names ${each.length} results, but the learner's model returns ` +
          String(lengthOf(form)),
        'name one for each result, in order',
      );
    }
    if (form === undefined || form === 'tensor' || each || code?.activation) return;
    if (!isNothing(this.loss, 'activation')) throw this.#oneTensor(form, 'activation');
    checkFlat(form);
    if (!code?.decodes && !isNothing(this.loss, 'decodes')) throw this.#oneTensor(form, 'decodes');
  }

  async apply(step: Step, given: Given): Promise<Given> {
    const { loss } = this;
    const code = loss.code?.[step];
    if (code) {
      const made = await code(given);
      checkFlat(made.form);
      return made;
    }
    const { results, form } = given;
    if (!isSeveral(results)) {
      this.check(form);
      return { results: await loss[step](results), form };
    }
    if (step === 'activation') this.check(form);
    const { each } = loss;
    if (each) {
      const made = await Promise.all(results.map((tensor, at) => each[at]![step](tensor)));
      return { results: made, form };
    }
    if (!isNothing(loss, step)) throw this.#oneTensor(form, step);
    return given;
  }

  #oneTensor(form: ResultForm, step: Step): UnsupportedLearnerError {
    return new UnsupportedLearnerError(
      `The learner's model returns ${lengthOf(form)} results, but "${step}" of its loss ` +
        `(${this.lossName}) takes one tensor, so fastai's get_preds fails as well`,
      REMEDY,
    );
  }
}

const isNothing = (loss: Loss, step: Step): boolean => operatorOf(loss[step])?.op === 'Identity';

const lengthOf = (form: ResultForm): number => (form === 'tensor' ? 1 : form.items.length);

/** @throws UnsupportedLearnerError for results that are not one tensor, or a list of tensors. */
function checkFlat(form: ResultForm): void {
  if (form === 'tensor') return;
  if (form.kind === 'dict') {
    throw new UnsupportedLearnerError(
      "The learner's model returns a dict, on which fastai's get_preds fails as well",
      REMEDY,
    );
  }
  if (form.items.length > 0 && form.items.every((item) => item === 'tensor')) return;
  throw new UnsupportedLearnerError(
    form.items.length === 0
      ? "The learner's model returns an empty list"
      : "A result of the learner's model is itself a list of tensors, on which fastai's predict " +
          'fails as well',
    'return one list of tensors',
  );
}
