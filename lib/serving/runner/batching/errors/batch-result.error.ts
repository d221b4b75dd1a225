import { VtsError } from '../../../../learner/errors/index.js';

/** The result of a batch cannot be divided among its calls. @publicApi */
export class BatchResultError extends VtsError {
  constructor(fact: string) {
    super(
      `${fact}; make the signature's batchDim name the dimension that counts rows in inputs and outputs, or leave the method unbatched (batchable: false).`,
    );
  }
}
