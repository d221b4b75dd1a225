/** Time as the batcher sees it; tests bring their own. */
export interface Clock {
  now(): number;
  setTimeout(call: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Calls back when what arrived together with this call has been read. */
  defer(call: () => void): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (call, ms) => setTimeout(call, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  defer: (call) => void setImmediate(call),
};
