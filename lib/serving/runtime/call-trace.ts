import type { Phase } from '../../learner/runtime/phases.js';

/** When a worker ran a call. */
export interface CallTiming {
  /** Milliseconds since 1970, with fractions. */
  readonly startedAt: number;
  readonly runMs: number;
  /** What it did in that time, where that is recorded. */
  readonly phases?: readonly Phase[];
  /** A server ran it; the requests to it have their own spans. */
  readonly elsewhere?: true;
}

/** What a call of a runner leaves in a trace. */
export interface CallTrace {
  /** `timing` is undefined where no worker had the call; `batch` where the call ran alone. */
  end(result: {
    readonly timing: CallTiming | undefined;
    readonly batch?: { readonly rows: number; readonly calls: number } | undefined;
    readonly error?: unknown;
  }): void;
}

export type CallTracer = (runner: string, method: string) => CallTrace | undefined;

let tracer: CallTracer | undefined;

/** Installs what traces the calls of this process; the last one counts. */
export function traceCallsWith(next: CallTracer | undefined): void {
  tracer = next;
}

/** Begins the trace of a call that is about to be queued; undefined where nobody records one. */
export function traceCall(runner: string, method: string): CallTrace | undefined {
  return tracer?.(runner, method);
}

/** A call that is sent to a server. */
export interface SentFacts {
  readonly runner: string;
  readonly method: string;
  /** The address as it was configured, and the one that was found for it. */
  readonly url: string;
  readonly address: string;
}

/** What a call that is sent to a server carries of the request and its trace, and leaves there. */
export interface SentTrace {
  readonly headers: Readonly<Record<string, string>>;
  end(error?: unknown): void;
}

export type SentTracer = (sent: SentFacts) => SentTrace | undefined;

let sentTracer: SentTracer | undefined;

/** Installs what traces the calls that are sent to servers; the last one counts. */
export function traceSentWith(next: SentTracer | undefined): void {
  sentTracer = next;
}

export function traceSent(sent: SentFacts): SentTrace | undefined {
  return sentTracer?.(sent);
}
