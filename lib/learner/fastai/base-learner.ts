import { setModuleOrigin, type Module } from '../torch/index.js';
import type { LearnerKind, LearnerOptions, Vocab } from './contract.js';
import { LearnerReleasedError } from './errors.js';
import { openLearnerFile, type LearnerFile } from './learner-file.js';

/**
 * The common base of all learners. A `Learner` predicts fastai's triple; an `LMLearner` continues a
 * text.
 *
 * @publicApi
 */
export abstract class BaseLearner {
  /** The source of the learner: a path, or the bytes of the file. */
  readonly source: string | Uint8Array;
  /** The kind of item that the learner predicts from. */
  readonly kind: LearnerKind;
  /** The learner's Python class, e.g. `fastai.text.learner.TextLearner`. */
  readonly className: string;
  /** The options of `load`; a store saves the serializable ones with the learner. @internal */
  readonly options: LearnerOptions;
  #released = false;
  /**
   * Read again on demand: a runner never needs it, and the records use more memory than the
   * session.
   */
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

  /** The learner's `nn.Module` tree as inert data, for `pytorch.saveModel`. */
  get model(): Module {
    this.assertNotReleased();
    if (this.#file === undefined) {
      this.#file = openLearnerFile(this.source);
      const { code } = this.options;
      setModuleOrigin(this.#file.model, { source: this.source, path: ['model'], code });
    }
    return this.#file.model;
  }

  /** Frees the model. A second call does nothing; later predictions throw LearnerReleasedError. */
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
