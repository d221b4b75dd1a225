/** A call of a runner that has come to its end. */
export interface CallEvent {
  readonly runner: string;
  readonly method: string;
  /** Milliseconds in the queue, and in the worker. */
  readonly waitMs: number;
  readonly runMs: number;
  /** `input`: the item was at fault; `abandoned`: its caller left or its time was over. */
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
  /** `latency`: the call would be late; `overdue`: it was late. */
  readonly reason: 'queue' | 'latency' | 'overdue' | 'concurrency';
}

/** A call that was sent to a server, or one of its repetitions. */
export interface SentEvent {
  readonly runner: string;
  /** The address as it was configured. */
  readonly remote: string;
  /** `OK`, or gRPC's name of what went wrong. */
  readonly status: string;
  readonly ms: number;
}

/** What happens in the runners of this process, for metrics; nobody listens by default. */
export interface RunnerObserver {
  called?(event: CallEvent): void;
  batched?(event: BatchEvent): void;
  shed?(event: ShedEvent): void;
  sent?(event: SentEvent): void;
  restarted?(event: { readonly runner: string; readonly reason: string }): void;
  loaded?(event: { readonly runner: string; readonly workers: number; readonly ms: number }): void;
}

const observers = new Set<RunnerObserver>();

/** Adds an observer; returns what takes it off again. */
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
