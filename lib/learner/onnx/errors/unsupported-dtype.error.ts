import { VtsError } from '../../errors/index.js';

/** A weight has an element type that no graph can hold. @publicApi */
export class UnsupportedDTypeError extends VtsError {
  constructor(readonly dtype: string) {
    super(
      `A weight of the model is of type ${dtype}, which cannot go into an ONNX graph. ` +
        `Convert it to float32 in Python (model.float()) and export the learner again.`,
    );
  }
}
