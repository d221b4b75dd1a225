/** Time and randomness, which tests replace. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Calls back after the delay; returns a function that cancels it. */
  after(ms: number, call: () => void): () => void;
  /** From 0 inclusive to 1 exclusive. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    // The timer must not keep the process alive.
    const timer = setTimeout(call, ms).unref();
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

const FIRST_MS = 100;
const LONGEST_MS = 2000;

/** The delay before the next try, randomized so that waiting callers do not return all at once. */
export function backOff(failures: number, { random }: Clock): number {
  const ms = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures));
  return ms * (0.75 + 0.5 * random());
}
