import { setModuleOrigin, type Module } from '../torch/index.js';
import type { LearnerKind, LearnerOptions, Vocab } from './contract.js';
import { LearnerReleasedError } from './errors.js';
import { openLearnerFile, type LearnerFile } from './learner-file.js';

/**
 * What learners of every kind have in common. `Learner` is the class of all that give fastai's
 * triple of a prediction, `LMLearner` of those that continue a text.
 *
 * @publicApi
 */
export abstract class BaseLearner {
  /** What the learner was loaded from: a path, or the bytes of the file. */
  readonly source: string | Uint8Array;
  /** What the learner predicts from. */
  readonly kind: LearnerKind;
  /** The learner's Python class, e.g. `fastai.text.learner.TextLearner`. */
  readonly className: string;
  /** What it was loaded with: saved with it, where that can be kept. @internal */
  readonly options: LearnerOptions;
  #released = false;
  /** Read again when asked for: a runner never does, and the records outweigh the session. */
  #file: LearnerFile | undefined;

  /** @internal */
  protected constructor(source: string | Uint8Array, file: LearnerFile, options: LearnerOptions) {
    this.source = source;
    this.kind = file.kind;
    this.className = file.className;
    this.options = options;
  }

  /** `dls.vocab`. */
  abstract get vocab(): Vocab;

  /** The learner's `nn.Module` tree, inert: what `pytorch.saveModel` takes. */
  get model(): Module {
    this.assertNotReleased();
    if (this.#file === undefined) {
      this.#file = openLearnerFile(this.source);
      const { code } = this.options;
      setModuleOrigin(this.#file.model, { source: this.source, path: ['model'], code });
    }
    return this.#file.model;
  }

  /**
   * Frees the model. A second call does nothing; predictions afterwards throw LearnerReleasedError.
   */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#file?.torchFile.close();
    await this.free();
  }

  /** @internal */
  protected abstract free(): Promise<void>;

  /** @internal */
  protected assertNotReleased(): void {
    if (this.#released) throw new LearnerReleasedError();
  }
}
