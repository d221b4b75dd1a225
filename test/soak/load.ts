import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { checkAnswer } from '../fuzz/answer.js';
import type { Endpoint } from '../fuzz/endpoints.js';
import { Gun, type Hit, type Shot } from '../fuzz/http.js';
import { attempts } from '../fuzz/requests.js';
import type { GoodRequest } from './good-requests.js';
import type { Tally } from './tally.js';

/**
 * Loops of requests to a service at any time, each sending its next one when the last is answered.
 */
const GOOD_LOOPS = 3;
const BAD_LOOPS = 1;
/**
 * In the first minutes, so that rare and large requests have come when memory begins to be watched:
 * each raises what it needs at most.
 */
const FIRST_BAD_LOOPS = 4;
const BURST = 64;
const BURST_EVERY_MS = 30_000;

/**
 * A service under load: loops of good and of bad requests, and a burst of good ones now and then.
 */
export class Load {
  readonly #gun: Gun;
  #ended = false;

  constructor(
    port: number,
    private readonly good: readonly GoodRequest[],
    private readonly endpoints: readonly Endpoint[],
    private readonly files: readonly Uint8Array[],
    private readonly tally: Tally,
    private readonly seed: number,
  ) {
    this.#gun = new Gun(port, BURST);
  }

  /** Resolves after `end`, when everything is answered. */
  async run(ms: number, firstMs: number): Promise<void> {
    const start = performance.now();
    const timer = setTimeout(() => (this.#ended = true), ms);
    const loops = [
      ...Array.from({ length: GOOD_LOOPS }, (_, index) => this.#sendGood(index)),
      ...Array.from({ length: FIRST_BAD_LOOPS }, (_, index) =>
        this.#sendBad(index, index < BAD_LOOPS ? Infinity : start + firstMs),
      ),
      this.#sendBursts(),
    ];
    await Promise.all(loops);
    clearTimeout(timer);
    this.#gun.close();
  }

  /** The service is gone. */
  stop(): void {
    this.#ended = true;
  }

  async #sendGood(start: number): Promise<void> {
    for (let at = start; !this.#ended; at++) await this.#one(at);
  }

  async #one(at: number): Promise<void> {
    const request = this.good[at % this.good.length] as GoodRequest;
    const { path } = request.shot;
    const start = performance.now();
    try {
      const first = (await this.#gun.fire(request.shot)) as Hit;
      const taken = first.status === 202 ? request.outcome : undefined;
      const hit = (await taken?.(first, this.#gun)) ?? first;
      this.tally.good++;
      this.tally.status(hit.status);
      if (hit.status === 503 || hit.status === 429) {
        checkAnswer(hit);
        this.tally.shed++;
        // As a client that heeds Retry-After, only sooner.
        await delay(100);
        return;
      }
      this.tally.time(performance.now() - start);
      if (hit.status !== 200) {
        this.tally.fault(`${path}: ${hit.status} ${hit.body.toString().slice(0, 200)}`);
        return;
      }
      const fault = request.fault(hit);
      if (fault !== undefined) this.tally.fault(`${path}: ${fault}`);
    } catch (error) {
      this.#failed(path, error);
    }
  }

  async #sendBad(loop: number, end: number): Promise<void> {
    const all = attempts(this.endpoints, this.files);
    for (let round = 0; !this.#ended && performance.now() < end; round++) {
      const some = fc.sample(all, { numRuns: 50, seed: this.seed + 1000 * loop + round });
      for (const { endpoint, shot } of some) {
        if (this.#ended) return;
        await this.#bad(endpoint, shot);
      }
    }
  }

  async #bad(endpoint: Endpoint, shot: Shot): Promise<void> {
    try {
      const hit = await this.#gun.fire(shot);
      this.tally.bad++;
      this.tally.status(hit?.status ?? 'cut off');
      const own = shot.path.split(/[?#]/, 1)[0] === endpoint.path;
      if (hit) checkAnswer(hit, own ? endpoint : undefined, shot.method);
      const job = hit?.status === 202 ? hit.headers.location : undefined;
      // What it would run for may be long.
      if (job !== undefined) await this.#gun.fire({ method: 'DELETE', path: job, headers: [] });
      // Some are good, and any number of them would be too much of a load.
      await delay(5);
    } catch (error) {
      this.#failed(`${shot.method} ${shot.path}`, error);
    }
  }

  async #sendBursts(): Promise<void> {
    let last = performance.now();
    while (!this.#ended) {
      await delay(100);
      if (performance.now() - last < BURST_EVERY_MS) continue;
      last = performance.now();
      await Promise.all(Array.from({ length: BURST }, (_, index) => this.#one(index)));
    }
  }

  #failed(path: string, error: unknown): void {
    // A service that has died is told once, by its owner.
    if (!this.#ended) this.tally.fault(`${path}: ${(error as Error).message}`);
  }
}
