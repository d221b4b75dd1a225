import type { Phase } from '../../learner/runtime/phases.js';

/** When a worker ran a call. */
export interface CallTiming {
  /** Milliseconds since 1970, with fractions. */
  readonly startedAt: number;
  readonly runMs: number;
  /** Its steps in that time, if they are recorded. */
  readonly phases?: readonly Phase[];
  /** Whether a server ran it; the requests to it have their own spans. */
  readonly elsewhere?: true;
}

/** The trace of one call of a runner. */
export interface CallTrace {
  /** `timing` is undefined if no worker got the call, and `batch` if the call ran alone. */
  end(result: {
    readonly timing: CallTiming | undefined;
    readonly batch?: { readonly rows: number; readonly calls: number } | undefined;
    readonly error?: unknown;
  }): void;
}

export type CallTracer = (runner: string, method: string) => CallTrace | undefined;

let tracer: CallTracer | undefined;

/** Installs the tracer for the calls of this process; the last one counts. */
export function traceCallsWith(next: CallTracer | undefined): void {
  tracer = next;
}

/** Begins the trace of a call that is about to be queued; undefined if nobody records traces. */
export function traceCall(runner: string, method: string): CallTrace | undefined {
  return tracer?.(runner, method);
}

/** A call that is sent to a server. */
export interface SentFacts {
  readonly runner: string;
  readonly method: string;
  /** The configured address, and the resolved one. */
  readonly url: string;
  readonly address: string;
}

/** The trace of a call to a server, and the headers that carry the request's trace and id. */
export interface SentTrace {
  readonly headers: Readonly<Record<string, string>>;
  end(error?: unknown): void;
}

export type SentTracer = (sent: SentFacts) => SentTrace | undefined;

let sentTracer: SentTracer | undefined;

/** Installs the tracer for calls to servers; the last one counts. */
export function traceSentWith(next: SentTracer | undefined): void {
  sentTracer = next;
}

export function traceSent(sent: SentFacts): SentTrace | undefined {
  return sentTracer?.(sent);
}
