/** The outcome of a load. */
export interface Outcome {
  readonly answered: number;
  /** Calls refused because of the load, and those of them without a time to retry. */
  readonly refused: number;
  readonly unadvised: number;
  readonly otherwise: number;
  readonly perSecond: number;
  /** Milliseconds from the arrival of answered calls to their answer. */
  readonly median: number;
  readonly p99: number;
  readonly worst: number;
  /** The longest time from the moment of the call; a busy event loop makes calls late. */
  readonly worstOfCall: number;
  /** The longest refusal in milliseconds. */
  readonly worstRefusal: number;
}

/** The outcome of one call. */
export type Verdict = 'answered' | 'refused' | 'unadvised' | 'other';

type Call = () => Promise<Verdict>;

/** Makes calls and records their outcomes. */
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
 * Makes calls at a fixed rate, like independent clients: a slow answer does not delay the next
 * call.
 */
export async function openLoop(call: Call, perSecond: number, seconds: number): Promise<Outcome> {
  const tally = new Tally(call);
  const pending = new Set<Promise<void>>();
  const start = performance.now();
  let due = 0;
  while (performance.now() - start < seconds * 1000) {
    const elapsed = performance.now() - start;
    for (; due < (elapsed * perSecond) / 1000; due++) {
      // Its time counts from when it was due, so that a busy event loop stays visible.
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
 * A number of callers that each call again at once, also after a refusal, for a time or until a
 * number of calls.
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
