import { VtsError } from '../learner/errors/index.js';

/** A command cannot do what it was told. */
export class CommandError extends VtsError {
  constructor(fact: string, remedy: string) {
    super(`${fact}. ${remedy}.`);
  }
}

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

/** For `catch` of what reads a file. */
export function unreadable(path: string): (error: NodeJS.ErrnoException) => never {
  return ({ code }) => {
    throw new CommandError(`The file ${path} cannot be read (${code})`, 'Check the path');
  };
}

const BUGS = ['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError'];

/** A failure as one line for people: the message, without the stack. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = (error.message || error.name).replace(/\s*\n\s*/g, ' ').trim();
  return BUGS.includes(error.name) ? `${error.name}: ${message}` : message;
}
