import { VtsError } from '../../../learner/errors/index.js';

/**
 * A file was asked for that lies outside the model's folder.
 *
 * @publicApi
 */
export class ModelPathError extends VtsError {
  constructor(
    readonly file: string,
    readonly tag: string,
  ) {
    super(
      `"${file}" lies outside the folder of the model "${tag}". Give a path relative to that folder, without "..".`,
    );
  }
}
