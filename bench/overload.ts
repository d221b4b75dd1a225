/** How a load came out. */
export interface Outcome {
  readonly answered: number;
  /** Refused because of the load, and of them those that were not told when to come again. */
  readonly refused: number;
  readonly unadvised: number;
  readonly otherwise: number;
  readonly perSecond: number;
  /** Milliseconds from the arrival of answered calls to their answer. */
  readonly median: number;
  readonly p99: number;
  readonly worst: number;
  /** The most of them from the moment at which the call was made; a busy event loop makes it late. */
  readonly worstOfCall: number;
  /** Most milliseconds that a refusal took. */
  readonly worstRefusal: number;
}

/** What became of one call. */
export type Verdict = 'answered' | 'refused' | 'unadvised' | 'other';

/**
 * Makes calls at a fixed rate, whatever becomes of them, as clients do that know nothing of each other: a slow answer
 * does not delay the next call.
 */
export async function openLoop(
  call: () => Promise<Verdict>,
  perSecond: number,
  seconds: number,
): Promise<Outcome> {
  const counts = { answered: 0, refused: 0, unadvised: 0, other: 0 };
  const latencies: number[] = [];
  let worstRefusal = 0;
  let worstOfCall = 0;
  const pending = new Set<Promise<void>>();
  const start = performance.now();
  let due = 0;
  const one = async (arrivedAt: number): Promise<void> => {
    const calledAt = performance.now();
    const verdict = await call();
    counts[verdict]++;
    const now = performance.now();
    const ms = now - arrivedAt;
    if (verdict === 'answered') {
      latencies.push(ms);
      worstOfCall = Math.max(worstOfCall, now - calledAt);
    } else worstRefusal = Math.max(worstRefusal, ms);
  };
  while (performance.now() - start < seconds * 1000) {
    const elapsed = performance.now() - start;
    for (; due < (elapsed * perSecond) / 1000; due++) {
      // Its time counts from when it was due, so that a busy event loop cannot hide.
      const ended = one(start + (due * 1000) / perSecond).finally(() => pending.delete(ended));
      pending.add(ended);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  const took = performance.now() - start;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? NaN;
  return {
    answered: counts.answered,
    refused: counts.refused + counts.unadvised,
    unadvised: counts.unadvised,
    otherwise: counts.other,
    perSecond: (counts.answered * 1000) / took,
    median: at(0.5),
    p99: at(0.99),
    worst: at(1),
    worstOfCall,
    worstRefusal,
  };
}
