import type { CallTiming } from '../../runtime/call-trace.js';
import type { Encoded } from './transfer.js';

/** The module that serves, and its argument. */
export interface ServedBy {
  /** A module that exports `open(init): Promise<Served>`. */
  readonly runnable: string;
  readonly init: unknown;
}

export interface WorkerBootstrap extends ServedBy {
  readonly control: SharedArrayBuffer;
}

/** The facts that a worker reports about its loaded model. */
export interface Description {
  readonly kind: string;
  readonly vocab: unknown;
  /** The columns of a row, if the model predicts from rows. */
  readonly schema?: unknown;
  /** For a learner: `learner.description`. */
  readonly description?: unknown;
  readonly methods: readonly string[];
}

/** What a method gets about its call, besides the item. */
export interface CallContext {
  /** Aborted when the caller has left. A thread that is computing notices it only afterwards. */
  readonly signal: AbortSignal;
}

/** A method of a loaded model. It returns a value, a promise of one, or a stream. */
export type ServedMethod = (item: unknown, context: CallContext) => unknown;

/** A loaded model, as a runnable module returns it to the worker. */
export interface Served {
  readonly kind: string;
  readonly vocab: unknown;
  readonly schema?: unknown;
  /** For a learner: `learner.description`. */
  readonly description?: unknown;
  readonly methods: ReadonlyMap<string, ServedMethod>;
  release(): Promise<void>;
}

export interface RunMessage {
  readonly type: 'run';
  readonly slot: number;
  readonly method: string;
  readonly item: Encoded;
  /**
   * How many values of a stream may be sent without a request; undefined if one result is wanted.
   */
  readonly ahead?: number | undefined;
  /** Whether to record how the time is spent. */
  readonly traced?: true | undefined;
  /** Whether to report the progress. */
  readonly watched?: true | undefined;
}

export type ToWorker =
  | RunMessage
  /** Requests that many further values of a stream. */
  | { readonly type: 'pull'; readonly slot: number; readonly count: number }
  | { readonly type: 'leave'; readonly slot: number }
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'ready'; readonly description: Description }
  | { readonly type: 'load-failed'; readonly error: WireError }
  | { readonly type: 'value'; readonly slot: number; readonly value: Encoded }
  | { readonly type: 'progress'; readonly slot: number; readonly share: number }
  /** The result; after the values of a stream, its end. */
  | ({ readonly type: 'result'; readonly slot: number; readonly value: Encoded } & CallTiming)
  | ({ readonly type: 'error'; readonly slot: number; readonly error: WireError } & CallTiming)
  | { readonly type: 'skipped'; readonly slot: number }
  | { readonly type: 'closed' };

/** An error without its class, which messages cannot carry. */
export interface WireError {
  readonly kind: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly input: boolean;
}
