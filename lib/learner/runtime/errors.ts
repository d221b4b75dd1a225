import { VtsError } from '../errors/index.js';

/** A stream was used as an `Observable`, and rxjs is not installed. */
export class RxjsMissingError extends VtsError {
  constructor(cause: unknown) {
    super(
      'A stream is an Observable only if rxjs is installed. Run npm install rxjs, or iterate ' +
        'over the stream with for await.',
      { cause },
    );
  }
}
