/** The batcher's clock; tests replace it. */
export interface Clock {
  now(): number;
  setTimeout(call: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Calls back when everything that arrived together with this call has been read. */
  defer(call: () => void): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (call, ms) => setTimeout(call, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  defer: (call) => void setImmediate(call),
};
