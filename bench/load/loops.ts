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
  /**
   * The most of them from the moment at which the call was made; a busy event loop makes it late.
   */
  readonly worstOfCall: number;
  /** Most milliseconds that a refusal took. */
  readonly worstRefusal: number;
}

/** What became of one call. */
export type Verdict = 'answered' | 'refused' | 'unadvised' | 'other';

type Call = () => Promise<Verdict>;

/** Makes calls and keeps what became of them. */
class Tally {
  readonly #counts = { answered: 0, refused: 0, unadvised: 0, other: 0 };
  readonly #latencies: number[] = [];
  readonly #start = performance.now();
  #worstRefusal = 0;
  #worstOfCall = 0;

  constructor(private readonly call: Call) {}

  async one(arrivedAt = performance.now()): Promise<void> {
    const calledAt = performance.now();
    const verdict = await this.call();
    this.#counts[verdict]++;
    const now = performance.now();
    const ms = now - arrivedAt;
    if (verdict === 'answered') {
      this.#latencies.push(ms);
      this.#worstOfCall = Math.max(this.#worstOfCall, now - calledAt);
    } else this.#worstRefusal = Math.max(this.#worstRefusal, ms);
  }

  get outcome(): Outcome {
    const took = performance.now() - this.#start;
    const latencies = [...this.#latencies].sort((a, b) => a - b);
    const at = (share: number): number =>
      latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? NaN;
    const { answered, refused, unadvised, other } = this.#counts;
    return {
      answered,
      refused: refused + unadvised,
      unadvised,
      otherwise: other,
      perSecond: (answered * 1000) / took,
      median: at(0.5),
      p99: at(0.99),
      worst: at(1),
      worstOfCall: this.#worstOfCall,
      worstRefusal: this.#worstRefusal,
    };
  }
}

/**
 * Makes calls at a fixed rate, whatever becomes of them, as clients do that know nothing of each
 * other: a slow answer does not delay the next call.
 */
export async function openLoop(call: Call, perSecond: number, seconds: number): Promise<Outcome> {
  const tally = new Tally(call);
  const pending = new Set<Promise<void>>();
  const start = performance.now();
  let due = 0;
  while (performance.now() - start < seconds * 1000) {
    const elapsed = performance.now() - start;
    for (; due < (elapsed * perSecond) / 1000; due++) {
      // Its time counts from when it was due, so that a busy event loop cannot hide.
      const ended = tally
        .one(start + (due * 1000) / perSecond)
        .finally(() => pending.delete(ended));
      pending.add(ended);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  return tally.outcome;
}

/**
 * So many callers that each call again at once, also where they were refused, for so long or until
 * so many calls were made.
 */
export async function closedLoop(
  call: Call,
  callers: number,
  seconds: number,
  calls = Infinity,
): Promise<Outcome> {
  const tally = new Tally(call);
  const start = performance.now();
  let made = 0;
  const caller = async (): Promise<void> => {
    while (made++ < calls && performance.now() - start < seconds * 1000) await tally.one();
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return tally.outcome;
}
