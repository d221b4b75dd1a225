import { VtsError } from '../errors/index.js';

/** A stream was used as an `Observable`, and rxjs is not installed. */
export class RxjsMissingError extends VtsError {
  constructor(cause: unknown) {
    super(
      'A stream is an Observable only where rxjs is installed; run npm install rxjs, or iterate over the stream with for await.',
      { cause },
    );
  }
}
