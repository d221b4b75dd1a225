/** A finished call of a runner. */
export interface CallEvent {
  readonly runner: string;
  readonly method: string;
  /** Milliseconds in the queue, and in the worker. */
  readonly waitMs: number;
  readonly runMs: number;
  /** `input`: the item was at fault. `abandoned`: its caller left, or its time was over. */
  readonly outcome: 'ok' | 'input' | 'failed' | 'abandoned';
}

/** A run that served one or more calls of a batchable method. */
export interface BatchEvent {
  readonly runner: string;
  readonly method: string;
  readonly rows: number;
  readonly calls: number;
  readonly runMs: number;
}

export interface ShedEvent {
  readonly runner: string;
  readonly method: string;
  /** `latency`: the call would be late. `overdue`: it was late. */
  readonly reason: 'queue' | 'latency' | 'overdue' | 'concurrency';
}

/** A request to a server for a call, or one of its retries. */
export interface SentEvent {
  readonly runner: string;
  /** The configured address. */
  readonly remote: string;
  /** `OK`, or gRPC's name for the failure. */
  readonly status: string;
  readonly ms: number;
}

/** The events of this process's runners, for metrics. Nobody listens by default. */
export interface RunnerObserver {
  called?(event: CallEvent): void;
  batched?(event: BatchEvent): void;
  shed?(event: ShedEvent): void;
  sent?(event: SentEvent): void;
  restarted?(event: { readonly runner: string; readonly reason: string }): void;
  loaded?(event: { readonly runner: string; readonly workers: number; readonly ms: number }): void;
}

const observers = new Set<RunnerObserver>();

/** Adds an observer; returns a function that removes it. */
export function observeRunners(observer: RunnerObserver): () => void {
  observers.add(observer);
  return () => observers.delete(observer);
}

export function tellObservers<Kind extends keyof RunnerObserver>(
  kind: Kind,
  event: Parameters<NonNullable<RunnerObserver[Kind]>>[0],
): void {
  for (const observer of observers) observer[kind]?.(event as never);
}
