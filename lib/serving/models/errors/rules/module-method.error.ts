import { VtsError } from '../../../../learner/errors/index.js';

/**
 * A signature of a bare model names a method other than its call: only what the model computes when
 * it is called is turned into a graph.
 *
 * @publicApi
 */
export class ModuleMethodError extends VtsError {
  constructor(
    readonly tag: string,
    readonly method: string,
  ) {
    super(
      `The model "${tag}" has a signature for "${method}", and of a torch module only its call can be run here: __call__, or forward by its own name. ` +
        `Name __call__, or save a module whose forward() does what ${method}() does.`,
    );
  }
}
