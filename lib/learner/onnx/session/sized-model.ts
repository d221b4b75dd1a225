import { RaisedInCodeError, UnsupportedCodeError } from '../../python/errors.js';
import { GraphError } from '../errors.js';
import { guarded } from '../../runtime/run-guard.js';
import { SizeNeededError } from '../torch-ops/size-needed.js';
import { createSession, type SessionOptions } from './create-session.js';
import type { ModelSession } from './model-session.js';
import type { LowerFor, MadeGraph } from './open-sized.js';
import { SizedSession, type FixedSizes, type SizedGraph } from './sized-session.js';

/** The sizes that the first graph was made for. */
export interface Sized {
  readonly sizes: FixedSizes;
  readonly fixesBatch: boolean;
}

/** A graph with all sizes free, or one for the example's sizes where the code has to know them. */
export interface FirstGraph<Facts> extends MadeGraph<Facts> {
  /** Undefined: all sizes are free. */
  readonly sized: Sized | undefined;
}

/** Sizes that an item may have, where the file does not tell. */
const EXAMPLES: readonly number[] = [224, 64, 448];

/** The first graph of a model: free where it can be, else of an example's size. */
export async function lowerFirst<Facts>(lower: LowerFor<Facts>): Promise<FirstGraph<Facts>> {
  let free: SizeNeededError;
  try {
    return { ...(await lower(undefined)), sized: undefined };
  } catch (error) {
    if (!(error instanceof SizeNeededError)) throw error;
    free = error;
  }
  let failure: unknown;
  for (const size of [...free.examples, ...EXAMPLES]) {
    const sizes: FixedSizes = Object.fromEntries(
      free.inputs.map(({ name, shape }) => [
        name,
        (shape ?? []).map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? 1 : size)),
      ]),
    );
    try {
      const { fixesBatch, ...made } = await lowerSized(sizes, false, lower);
      return { ...made, sized: { sizes, fixesBatch } };
    } catch (error) {
      // The example may be of a size that the code does not take.
      if (!(error instanceof RaisedInCodeError || error instanceof GraphError)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

/** A graph for given sizes, with the batch free where the code lets it be. */
async function lowerSized<Facts>(
  sizes: FixedSizes,
  fixesBatch: boolean,
  lower: LowerFor<Facts>,
): Promise<MadeGraph<Facts> & { readonly fixesBatch: boolean }> {
  if (!fixesBatch) {
    try {
      const free = Object.fromEntries(
        Object.entries(sizes).map(([name, dims]) => [name, [null, ...dims.slice(1)]]),
      );
      return { ...(await lower(free)), fixesBatch };
    } catch (error) {
      if (!(error instanceof SizeNeededError)) throw error;
    }
  }
  try {
    return { ...(await lower(sizes)), fixesBatch: true };
  } catch (error) {
    if (!(error instanceof SizeNeededError)) throw error;
    throw new UnsupportedCodeError(
      'The code of the model',
      `it needs a size that depends on the values of its input, or that a layer does not tell (${[...error.dims].join(', ')})`,
    );
  }
}

/**
 * A session that makes the graph anew for each size that comes.
 *
 * @param example The session of the first graph.
 * @param reopened Calls `build` with the model of the file, which is open meanwhile.
 */
export function openSized<Facts>(
  example: ModelSession,
  { sizes, fixesBatch }: Sized,
  options: SessionOptions,
  reopened: (build: (lower: LowerFor<Facts>) => Promise<SizedGraph>) => Promise<SizedGraph>,
): SizedSession {
  return new SizedSession({ session: example, fixesBatch }, sizes, (wanted, withBatch) =>
    reopened(async (lower) => {
      const made = await lowerSized(wanted, withBatch, lower);
      const session = await guarded(() => createSession(made.graph, options));
      return { session, fixesBatch: made.fixesBatch };
    }),
  );
}
