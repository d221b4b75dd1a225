import { isAbsolute, join, normalize, sep } from 'node:path';
import { ModelPathError, NoRunnerError } from './errors.js';
import type { ModelInfo } from './model-info.js';
import type { Tag } from './tag.js';

/** Makes the runner of a model. */
type CreateRunner = (model: Model, options?: object) => unknown;

let createRunner: CreateRunner | undefined;

/**
 * Sets the function that {@link Model.toRunner} calls: the store itself does not know the kinds of
 * models.
 */
export function createRunnersWith(create: CreateRunner): void {
  createRunner = create;
}

/**
 * A model in a store.
 *
 * @typeParam Runner The type that {@link Model.toRunner} returns, if a framework's `get` made the
 * object.
 *
 * @publicApi
 */
export class Model<Runner = unknown, RunnerOptions extends object = object> {
  constructor(
    /** Name and version. */
    readonly tag: Tag,
    /** The model's folder, absolute. */
    readonly path: string,
    /** The contents of its model.yaml. */
    readonly info: ModelInfo,
  ) {}

  /**
   * The absolute path of a file of the model, whether it exists or not.
   *
   * @throws ModelPathError if the file would be outside the model's folder.
   */
  pathOf(file: string): string {
    const relative = normalize(file);
    if (isAbsolute(file) || relative === '..' || relative.startsWith(`..${sep}`)) {
      throw new ModelPathError(file, this.tag.toString());
    }
    return join(this.path, relative);
  }

  /**
   * A runner of the model, of its framework's type; for fastai a `FastaiRunner`.
   *
   * @throws NoRunnerError if this package cannot run models of its framework.
   */
  toRunner(options?: RunnerOptions): Runner {
    if (!createRunner) throw new NoRunnerError(this.tag.toString(), this.info.module);
    return createRunner(this, options) as Runner;
  }

  toString(): string {
    return this.tag.toString();
  }
}
