import type { Server } from 'node:http';
import { watchConnections } from './arrival-time.js';
import { EarlyRefusal } from './early-refusal.js';
import type { VtsOverloadOptions } from '../vts-module-options.interface.js';
import type { PlatformHost } from './platform-host.js';
import type { Arrival } from './platform.js';
import { RefusalPace } from './refusal-pace.js';
import type { RequestRecord } from './request-record.js';

/** Refuses requests before they are read, at a pace that leaves time for the others. */
export class Overload {
  readonly #endpoints = new Map<string, EarlyRefusal>();
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
    const { path } = record;
    let early = this.#endpoints.get(path);
    if (early === undefined) {
      if (this.platforms.current?.solePath(arrival) !== path) return false;
      this.#endpoints.set(path, (early = new EarlyRefusal()));
    }
    record.refusal = early.refusal(record);
    if (record.refusal === undefined) return false;
    record.refusedRoute = path;
    return true;
  }

  /** Calls `refuse` when it is the turn of refusals. */
  paced(refuse: () => void): void {
    this.#pace.run(refuse);
  }

  /** The response has been sent. */
  ended(record: RequestRecord): void {
    if (record.request.method === 'POST') this.#endpoints.get(record.path)?.ended(record);
  }
}
