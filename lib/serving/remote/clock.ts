/** Time and chance, which tests bring their own of. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Calls back once the time is over; returns what prevents that. */
  after(ms: number, call: () => void): () => void;
  /** From 0 to below 1. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    // A process may end while it waits for a server.
    const timer = setTimeout(call, ms).unref();
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

const FIRST_MS = 100;
const LONGEST_MS = 2000;

/** How long to wait before the next try, so that those who wait do not come all at once. */
export function backOff(failures: number, { random }: Clock): number {
  const ms = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures));
  return ms * (0.75 + 0.5 * random());
}
