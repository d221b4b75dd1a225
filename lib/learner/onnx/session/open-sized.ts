import { guarded } from '../../runtime/run-guard.js';
import type { Graph } from '../graph.js';
import { SizeNeededError } from '../torch-ops/size-needed.js';
import { graphCapture, observed } from './capture-graph.js';
import type { SessionOptions } from './create-session.js';
import { keptSession, type KeptPlace, type Made } from './kept-model.js';
import type { ModelSession } from './model-session.js';
import type { Sized } from './sized-model.js';
import type { FixedSizes, SizedGraph } from './sized-session.js';

/** A graph, and the facts that its caller needs: plain data. */
export interface MadeGraph<Facts> {
  readonly graph: Graph;
  readonly facts: Facts;
}

/** Makes the graph with all sizes free, or for given sizes. */
export type LowerFor<Facts> = (
  sizes: FixedSizes | undefined,
) => MadeGraph<Facts> | Promise<MadeGraph<Facts>>;

export interface SizedOpening<Facts> {
  /** The cache folder; false for none. */
  readonly place: KeptPlace | false;
  readonly options: SessionOptions;
  /** Called if the cache has nothing, after the lowerings are loaded. */
  hasOwnCode(): boolean | Promise<boolean>;
  readonly lower: LowerFor<Facts>;
  /** Opens the file again, and calls `build` with a function that lowers its model. */
  reopened(build: (lower: LowerFor<Facts>) => Promise<SizedGraph>): Promise<SizedGraph>;
}

export interface SizedOpened<Facts> {
  readonly session: ModelSession;
  readonly facts: Facts;
}

/** The cached facts about a model with a separate graph for each size. */
interface SizedFacts<Facts> {
  readonly sized: Sized;
  readonly facts: Facts;
}

/**
 * A session of a model in the file: one graph, or a graph for each size if it depends on sizes. In
 * the latter case the first graph is cached.
 */
export async function openSizedModel<Facts>({
  place,
  options,
  hasOwnCode,
  lower,
  reopened,
}: SizedOpening<Facts>): Promise<SizedOpened<Facts>> {
  const make = async (): Promise<Made<Facts | SizedFacts<Facts>>> => {
    if (!(await hasOwnCode())) {
      try {
        const { graph: model, facts } = await lower(undefined);
        return { model, facts };
      } catch (error) {
        // Few of the known layers need the length of a series.
        if (!(error instanceof SizeNeededError)) throw error;
      }
    }
    const { lowerFirst } = await import('./sized-model.js');
    const { graph: model, facts, sized } = await lowerFirst(lower);
    return { model, facts: sized ? { sized, facts } : facts };
  };
  const capture = graphCapture();
  const seen = async (): Promise<Made<Facts | SizedFacts<Facts>>> => {
    const made = await make();
    const { facts } = made;
    const isOfSize = isSized(facts);
    await capture?.onGraph({
      graph: made.model as Graph,
      facts: isOfSize ? facts.facts : facts,
      isSized: isOfSize,
    });
    return made;
  };
  const { session: own, facts } = await guarded(() =>
    capture ? keptSession(false, seen, options) : keptSession(place, make, options),
  );
  const session = capture ? observed(own, capture) : own;
  if (!isSized(facts)) return { session, facts };
  const { openSized } = await import('./sized-model.js');
  return { session: openSized(session, facts.sized, options, reopened), facts: facts.facts };
}

function isSized<Facts>(facts: Facts | SizedFacts<Facts>): facts is SizedFacts<Facts> {
  return typeof facts === 'object' && facts !== null && 'sized' in facts;
}
