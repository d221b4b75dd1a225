import type { InferenceSession, OnnxValue, Tensor as OnnxTensor } from 'onnxruntime-common';
import { SessionReleasedError } from '../errors.js';
import type { ModelSession } from './model-session.js';

/** Sizes of each input, in order; null for a size that stays free. */
export type FixedSizes = Readonly<Record<string, readonly (number | null)[]>>;

/** How many graphs stay open; the least recently used one is closed first. */
const MOST_GRAPHS = 8;

/** One graph for given sizes. */
export interface SizedGraph {
  readonly session: ModelSession;
  /** Whether the code needs the batch size as well. */
  readonly fixesBatch: boolean;
}

/**
 * A model whose code branches on the sizes of its inputs. It makes a graph for each new size, with
 * a free batch if the code allows it.
 */
export class SizedSession implements ModelSession {
  readonly #graphs = new Map<string, Promise<SizedGraph>>();
  #fixesBatch: boolean;
  #released: Promise<void> | undefined;

  constructor(
    /** Of any size: it provides names and types. */
    private readonly example: SizedGraph,
    sizes: FixedSizes,
    private readonly make: (sizes: FixedSizes, fixesBatch: boolean) => Promise<SizedGraph>,
  ) {
    this.#fixesBatch = example.fixesBatch;
    this.#graphs.set(keyOf(sizes, this.#fixesBatch), Promise.resolve(example));
  }

  get inputNames(): readonly string[] {
    return this.example.session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.example.session.outputNames;
  }

  get inputMetadata(): readonly InferenceSession.ValueMetadata[] {
    return this.example.session.inputMetadata;
  }

  get outputMetadata(): readonly InferenceSession.ValueMetadata[] {
    return this.example.session.outputMetadata;
  }

  async run(
    feeds: InferenceSession.FeedsType,
    fetches?: readonly string[],
  ): Promise<Readonly<Record<string, OnnxValue>>> {
    if (this.#released) throw new SessionReleasedError();
    const { session } = await this.#graphFor(feeds);
    return session.run(feeds, fetches);
  }

  async #graphFor(feeds: InferenceSession.FeedsType): Promise<SizedGraph> {
    const sizes = Object.fromEntries(
      Object.entries(feeds).map(([name, value]) => [name, (value as OnnxTensor).dims]),
    );
    const key = keyOf(sizes, this.#fixesBatch);
    let graph = this.#graphs.get(key);
    if (graph) this.#graphs.delete(key);
    else {
      graph = this.make(sizes, this.#fixesBatch);
      graph.catch(() => this.#graphs.delete(key));
    }
    this.#graphs.set(key, graph);
    this.#trim();
    const made = await graph;
    if (made.fixesBatch && !this.#fixesBatch) {
      // Another batch size needs its own graph: the keys so far do not include it.
      this.#fixesBatch = true;
      this.#graphs.delete(key);
      this.#graphs.set(keyOf(sizes, true), graph);
    }
    return made;
  }

  #trim(): void {
    for (const [key, graph] of this.#graphs) {
      if (this.#graphs.size <= MOST_GRAPHS) return;
      this.#graphs.delete(key);
      graph.then(({ session }) => session.release()).catch(() => undefined);
    }
  }

  /** Frees the graphs after the runs in progress. */
  release(): Promise<void> {
    this.#released ??= Promise.allSettled(this.#graphs.values()).then(async (graphs) => {
      const open = new Set([this.example.session]);
      for (const each of graphs) if (each.status === 'fulfilled') open.add(each.value.session);
      for (const session of open) await session.release();
    });
    return this.#released;
  }
}

function keyOf(sizes: FixedSizes, fixesBatch: boolean): string {
  return Object.keys(sizes)
    .sort()
    .map((name) => `${name}:${sizes[name]!.slice(fixesBatch ? 0 : 1).join('x')}`)
    .join(';');
}
