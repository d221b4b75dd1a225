import type { Server } from 'node:http';
import { watchConnections } from './arrival-time.js';
import { EarlyRefusal } from './early-refusal.js';
import type { VtsOverloadOptions } from '../vts-module-options.interface.js';
import type { PlatformHost } from './platform-host.js';
import type { Arrival } from './platform.js';
import { RefusalPace } from './refusal-pace.js';
import type { RequestRecord } from './request-record.js';

/** The known facts about an endpoint at a path. */
interface Known {
  readonly early: EarlyRefusal;
  /** The route under which its requests are counted. */
  readonly route: string;
}

/**
 * How many paths of a protocol's endpoints are remembered at most. They contain the names of
 * models, and clients can write a path in many ways.
 */
const MOST_PATHS = 1000;

/** Refuses requests before they are read, at a pace that leaves time for the others. */
export class Overload {
  readonly #endpoints = new Map<string, Known>();
  /** The endpoints of a protocol: each model has a path, and a runner. */
  readonly #models = new Map<string, Known>();
  readonly #pace: RefusalPace;

  constructor(
    private readonly platforms: PlatformHost,
    { refusalShare }: VtsOverloadOptions,
  ) {
    this.#pace = new RefusalPace(undefined, refusalShare);
  }

  /** Counts the first request of a connection from its earliest possible arrival. */
  watch(): void {
    const server: Server | undefined = this.platforms.current?.server;
    if (server?.on) watchConnections(server);
  }

  /** True if the request should not be read; the record has the reason. */
  refuses(record: RequestRecord, arrival: Arrival): boolean {
    if (arrival.endpoint === undefined) return false;
    const known = this.#knownAt(record.path, arrival);
    record.refusal = known?.early.refusal(record);
    if (record.refusal === undefined) return false;
    record.refusedRoute = known?.route;
    return true;
  }

  #knownAt(path: string, arrival: Arrival): Known | undefined {
    const isProtocols = arrival.endpoint?.protocol !== undefined;
    const all = isProtocols ? this.#models : this.#endpoints;
    const known = all.get(path);
    if (known !== undefined) return known;
    const route = this.platforms.current?.soleRoute(arrival);
    if (route === undefined || (route !== path && !isProtocols)) return undefined;
    const [oldest] = all.keys();
    if (isProtocols && all.size >= MOST_PATHS && oldest !== undefined) all.delete(oldest);
    const added = { early: new EarlyRefusal(), route };
    all.set(path, added);
    return added;
  }

  /** Calls `refuse` when refusals may proceed. */
  paced(refuse: () => void): void {
    this.#pace.run(refuse);
  }

  /** The response has been sent. */
  ended(record: RequestRecord): void {
    if (record.request.method !== 'POST') return;
    const all = record.answersBy === undefined ? this.#endpoints : this.#models;
    all.get(record.path)?.early.ended(record);
  }
}
