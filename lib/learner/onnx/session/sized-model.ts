import { RaisedInCodeError, UnsupportedCodeError } from '../../python/errors.js';
import { GraphError } from '../errors.js';
import { guarded } from '../../runtime/run-guard.js';
import { SizeNeededError } from '../torch-ops/size-needed.js';
import { createSession, type SessionOptions } from './create-session.js';
import type { ModelSession } from './model-session.js';
import type { LowerFor, MadeGraph } from './open-sized.js';
import { SizedSession, type FixedSizes, type SizedGraph } from './sized-session.js';

/** The sizes of the first graph. */
export interface Sized {
  readonly sizes: FixedSizes;
  readonly fixesBatch: boolean;
}

/** A graph with all sizes free, or for the example's sizes if the code depends on them. */
export interface FirstGraph<Facts> extends MadeGraph<Facts> {
  /** Undefined if all sizes are free. */
  readonly sized: Sized | undefined;
}

/** Sizes that an item may have if the file does not state them. */
const EXAMPLES: readonly number[] = [224, 64, 448];

/** The first graph of a model: with free sizes if possible, else for an example's size. */
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
      // The code may not accept the example's size.
      if (!(error instanceof RaisedInCodeError || error instanceof GraphError)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

/** A graph for given sizes, with a free batch if the code allows it. */
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
      'it needs a size that depends on the values of its input, or that a layer does not ' +
        `provide (${[...error.dims].join(', ')})`,
    );
  }
}

/**
 * A session that makes a graph for each new size.
 *
 * @param example The session of the first graph.
 * @param reopened Calls `build` with the model of the file, which is open during the call.
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
