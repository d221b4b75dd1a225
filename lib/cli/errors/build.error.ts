import { VtsError } from '../../learner/errors/index.js';

/** The build file of a bundle is wrong. */
export class BuildFileError extends VtsError {
  constructor(
    readonly file: string,
    readonly problems: readonly { readonly line: number; readonly message: string }[],
  ) {
    const facts = problems.map(({ line, message }) => `${file}:${line}: ${message}`);
    super(`${facts.join('; ')}. Correct the build file.`);
  }
}
