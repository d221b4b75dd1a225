import type { CallTiming } from '../../runtime/call-trace.js';
import type { Encoded } from './transfer.js';

/** What is served: by which module, and what that is told. */
export interface ServedBy {
  /** Module that exports `open(init): Promise<Served>`. */
  readonly runnable: string;
  readonly init: unknown;
}

export interface WorkerBootstrap extends ServedBy {
  readonly control: SharedArrayBuffer;
}

/** What the worker tells about the model that it has loaded. */
export interface Description {
  readonly kind: string;
  readonly vocab: unknown;
  /** The columns of a row, where the model predicts from rows. */
  readonly schema?: unknown;
  /** Of a learner: `learner.description`. */
  readonly description?: unknown;
  readonly methods: readonly string[];
}

/** What a method learns of its call, besides the item. */
export interface CallContext {
  /** Aborted when the caller has left; a thread that computes learns of it afterwards. */
  readonly signal: AbortSignal;
}

/** A method of a loaded model: gives a value, a promise of one, or a stream. */
export type ServedMethod = (item: unknown, context: CallContext) => unknown;

/** A loaded model, as a runnable module gives it to the worker. */
export interface Served {
  readonly kind: string;
  readonly vocab: unknown;
  readonly schema?: unknown;
  /** Of a learner: `learner.description`. */
  readonly description?: unknown;
  readonly methods: ReadonlyMap<string, ServedMethod>;
  release(): Promise<void>;
}

export interface RunMessage {
  readonly type: 'run';
  readonly slot: number;
  readonly method: string;
  readonly item: Encoded;
  /** Values of a stream that may be sent unasked; undefined where one result is wanted. */
  readonly ahead?: number | undefined;
  /** Somebody wants to know what the time is spent on. */
  readonly traced?: true | undefined;
  /** Somebody wants to know how far it is. */
  readonly watched?: true | undefined;
}

export type ToWorker =
  | RunMessage
  /** So many further values of a stream. */
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

/** An error without its class, which a message cannot carry. */
export interface WireError {
  readonly kind: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly input: boolean;
}
