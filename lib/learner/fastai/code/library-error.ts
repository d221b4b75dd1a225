import type { Context } from '../../python/context.js';

/** What numpy or Pillow refuses: an exception of Python, by the name of its class. */
export class LibraryError extends Error {
  constructor(
    readonly exception: 'ValueError' | 'TypeError' | 'IndexError' | 'KeyError' | 'OverflowError',
    message: string,
  ) {
    super(message);
  }
}

/** What numpy or Pillow does, and is not known here. */
export class LibraryLimitError extends Error {}

/** Runs the work of a library for code: its refusals become exceptions that the code may catch. */
export function asLibrary<T>(ctx: Context, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof LibraryError) throw ctx.raise(error.exception, error.message);
    if (error instanceof LibraryLimitError) throw ctx.unsupported(error.message);
    throw error;
  }
}
