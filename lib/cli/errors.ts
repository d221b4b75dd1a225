import { VtsError } from '../learner/errors/index.js';

/** A command cannot do what the user requested. */
export class CommandError extends VtsError {
  constructor(
    readonly fact: string,
    readonly remedy: string,
  ) {
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

/** A handler for errors of reading a file. */
export function unreadable(path: string): (error: NodeJS.ErrnoException) => never {
  return ({ code }) => {
    throw new CommandError(`The file ${path} cannot be read (${code})`, 'Check the path');
  };
}

/** Peers that only commands with HTTP need. Commands that only read learners work without them. */
const NEST = /^Cannot find package '(@nestjs\/[\w-]+|reflect-metadata|rxjs)'/;

const BUGS = ['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError'];

/** A failure as one line for people: the message, without the stack. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [, missing] = NEST.exec(error.message) ?? [];
  if (missing !== undefined) {
    return (
      `The package ${missing} is not installed, and this command needs it. ` +
      'Run npm install @nestjs/platform-express @nestjs/swagger, which installs the rest of Nest as well.'
    );
  }
  const message = (error.message || error.name).replace(/\s*\n\s*/g, ' ').trim();
  return BUGS.includes(error.name) ? `${error.name}: ${message}` : message;
}
