import type { InferenceTransport } from '../../client/contract.js';
import type { ModelMetadata } from '../../client/protocol/messages.js';
import type { RemoteAddress } from '../runner/remote-options.js';
import type { Clock } from './clock.js';
import { Target, type TargetOwner, type WantedModel } from './target.js';

/** How long a resolved address is valid, and the shortest time between look-ups after failures. */
const LOOK_UP_MS = 30_000;
const LOOK_UP_SOON_MS = 500;
const MOST_ADDRESSES = 256;

/** The network, which tests replace. */
export interface Network {
  /** @param host The resolved address, if the URL has a name. */
  connect(address: RemoteAddress, host: string | undefined): Promise<InferenceTransport>;
  /** All addresses of a name. */
  lookUp(host: string): Promise<readonly string[]>;
}

export interface TargetsOptions {
  readonly addresses: readonly RemoteAddress[];
  readonly model: WantedModel;
  readonly probeMs: number;
  readonly network: Network;
  readonly clock: Clock;
  /** Called with the servers' descriptions of the model. */
  described(metadata: ModelMetadata): void;
  /** Called when the first address becomes ready, or the last one is no longer ready. */
  readyChanged(ready: boolean): void;
  warn(message: string): void;
}

/** The addresses of a model. Those that are ready take calls in turn. */
export class Targets implements TargetOwner {
  readonly #options: TargetsOptions;
  readonly #byAddress = new Map<string, Target>();
  readonly #waiting = new Set<() => void>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #lookedUp = new Map<RemoteAddress, number>();
  #order: readonly Target[] = [];
  #next = 0;
  #wasReady = false;
  #cancelLookUp: (() => void) | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;

  constructor(options: TargetsOptions) {
    this.#options = options;
  }

  get all(): readonly Target[] {
    return this.#order;
  }

  get ready(): number {
    return this.#order.filter(({ ready }) => ready).length;
  }

  /** Why no address is ready. */
  get obstacle(): string {
    const obstacles = this.#order.map(({ address, obstacle }) => `${address}: ${obstacle}`);
    return obstacles.length === 0 ? 'no address is known' : obstacles.slice(0, 3).join('; ');
  }

  /** Resolves when one address is ready, or all have answered that they are not. */
  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** The next address in turn, preferably one that has not been tried. */
  pick(tried: ReadonlySet<Target>): Target | undefined {
    const order = this.#order;
    let second: Target | undefined;
    for (let step = 0; step < order.length; step++) {
      const at = (this.#next + step) % order.length;
      const target = order[at] as Target;
      if (!target.ready) continue;
      if (tried.has(target)) {
        second ??= target;
        continue;
      }
      this.#next = at + 1;
      return target;
    }
    return second;
  }

  /** Resolves when an address becomes ready, or the signal is aborted. */
  async nextReady(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      for (const target of this.#order) target.hurry();
      signal.addEventListener('abort', done, { once: true });
    });
  }

  get wanted(): boolean {
    return this.#waiting.size > 0;
  }

  described(metadata: ModelMetadata): void {
    if (!this.#closed) this.#options.described(metadata);
  }

  changed(target: Target): void {
    if (target.ready) for (const wake of this.#waiting) wake();
    else this.#lookUpSoon();
    this.#tellReady();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLookUp?.();
    const closing = this.#order.map((target) => target.close());
    for (const wake of this.#waiting) wake();
    await Promise.all([...closing, ...this.#leaving]);
  }

  async #open(): Promise<void> {
    await this.#lookUp();
    const first = new Promise<void>((resolve) => {
      if (this.ready > 0) resolve();
      else this.#waiting.add(resolve);
      void Promise.all(this.#order.map((target) => target.probe())).then(() => {
        this.#waiting.delete(resolve);
        resolve();
      });
    });
    await first;
  }

  /** Resolves the addresses again. Addresses that are gone finish their calls in progress. */
  async #lookUp(): Promise<void> {
    const found = new Map<string, { readonly from: RemoteAddress; readonly host?: string }>();
    for (const from of this.#options.addresses) {
      if (from.lookUp === undefined) {
        found.set(from.url, { from });
        continue;
      }
      const hosts = await this.#hostsOf(from);
      for (const host of hosts) {
        if (found.size < MOST_ADDRESSES) found.set(`${host}:${from.lookUp.port}`, { from, host });
      }
    }
    if (this.#closed) return;
    for (const [address, target] of this.#byAddress) {
      if (found.has(address)) continue;
      this.#byAddress.delete(address);
      const leaving = target.close().finally(() => this.#leaving.delete(leaving));
      this.#leaving.add(leaving);
    }
    for (const [address, { from, host }] of found) {
      if (this.#byAddress.has(address)) continue;
      const target = this.#targetOf(address, from, host);
      this.#byAddress.set(address, target);
      if (this.#order.length > 0) void target.probe();
    }
    this.#order = [...found.keys()].map((address) => this.#byAddress.get(address) as Target);
    this.#tellReady();
    this.#scheduleLookUp(found.size === 0 ? LOOK_UP_SOON_MS : LOOK_UP_MS);
  }

  async #hostsOf(from: RemoteAddress): Promise<readonly string[]> {
    const { clock, network, warn } = this.#options;
    this.#lookedUp.set(from, clock.now());
    try {
      return await network.lookUp((from.lookUp as { host: string }).host);
    } catch (error) {
      warn(`The host name in ${from.url} was not found: ${(error as Error).message}`);
      // A failure of the resolver says nothing about the servers.
      const known = [...this.#byAddress.values()].filter(({ url }) => url === from.url);
      return known.map(({ address }) => address.slice(0, address.lastIndexOf(':')));
    }
  }

  #targetOf(address: string, from: RemoteAddress, host: string | undefined): Target {
    const { model, probeMs, clock, network } = this.#options;
    const connect = (): Promise<InferenceTransport> => network.connect(from, host);
    const rest = from.scheme.startsWith('http');
    return new Target({
      url: from.url,
      address,
      rest,
      connect,
      model,
      probeMs,
      clock,
      owner: this,
    });
  }

  #lookUpSoon(): void {
    const latest = Math.max(...this.#lookedUp.values());
    if (latest === -Infinity) return;
    const age = this.#options.clock.now() - latest;
    this.#scheduleLookUp(Math.max(0, LOOK_UP_SOON_MS - age));
  }

  #scheduleLookUp(ms: number): void {
    if (this.#closed || !this.#options.addresses.some(({ lookUp }) => lookUp !== undefined)) return;
    this.#cancelLookUp?.();
    this.#cancelLookUp = this.#options.clock.after(ms, () => void this.#lookUp());
  }

  #tellReady(): void {
    const ready = this.ready > 0;
    if (ready === this.#wasReady || this.#closed) return;
    this.#wasReady = ready;
    this.#options.readyChanged(ready);
  }
}
