import type { Context } from '../../python/context.js';

/** A refusal of numpy or Pillow: a Python exception, by class name. */
export class LibraryError extends Error {
  constructor(
    readonly exception: 'ValueError' | 'TypeError' | 'IndexError' | 'KeyError' | 'OverflowError',
    message: string,
  ) {
    super(message);
  }
}

/** An operation of numpy or Pillow that is not supported. */
export class LibraryLimitError extends Error {}

/** Runs a library's work for code: its refusals become exceptions that the code may catch. */
export function asLibrary<T>(ctx: Context, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof LibraryError) throw ctx.raise(error.exception, error.message);
    if (error instanceof LibraryLimitError) throw ctx.unsupported(error.message);
    throw error;
  }
}
