import { VtsError } from '../../errors/index.js';

/**
 * A graph was put together wrongly: operand types, ranks or attributes do not fit. It is a fault of
 * the lowering, or of weights that contradict the module's attributes.
 *
 * @publicApi
 */
export class GraphError extends VtsError {
  constructor(
    readonly where: string,
    readonly reason: string,
  ) {
    super(
      `Cannot build the graph at ${where}: ${reason}. Check that the file holds the weights ` +
        `that its modules declare; if it does, report this as a bug with the class of that module.`,
    );
  }
}
