import type { Encoded } from './transfer.js';

/** What a worker thread is started with. @internal */
export interface WorkerBootstrap {
  /** Module that exports `open(init): Promise<Served>`. */
  readonly runnable: string;
  readonly init: unknown;
  readonly control: SharedArrayBuffer;
}

/** What the worker tells about the model that it has loaded. @internal */
export interface Description {
  readonly kind: string;
  readonly vocab: unknown;
  /** The columns of a row, where the model predicts from rows. */
  readonly schema?: unknown;
  readonly methods: readonly string[];
}

/** A loaded model, as a runnable module gives it to the worker. @internal */
export interface Served {
  readonly kind: string;
  readonly vocab: unknown;
  readonly schema?: unknown;
  readonly methods: ReadonlyMap<string, (item: unknown) => Promise<unknown>>;
  release(): Promise<void>;
}

/** @internal */
export type ToWorker =
  | { readonly type: 'run'; readonly slot: number; readonly method: string; readonly item: Encoded }
  | { readonly type: 'close' };

/** @internal */
export type FromWorker =
  | { readonly type: 'ready'; readonly description: Description }
  | { readonly type: 'load-failed'; readonly error: WireError }
  | { readonly type: 'result'; readonly slot: number; readonly value: Encoded }
  | { readonly type: 'error'; readonly slot: number; readonly error: WireError }
  | { readonly type: 'skipped'; readonly slot: number }
  | { readonly type: 'closed' };

/** An error without its class, which a message cannot carry. @internal */
export interface WireError {
  readonly kind: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The item was at fault. */
  readonly input: boolean;
}
