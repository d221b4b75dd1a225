import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { hostOptions } from '../host-options.js';
import { VTS_MODULE_OPTIONS } from '../vts.constants.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { atMost, ClosingServer } from './closing-server.js';
import { PlatformHost } from './platform-host.js';
import { Requests } from './requests.js';

export const DEFAULT_SHUTDOWN_TIMEOUT_MS = 30_000;

/**
 * Requests may have been on their way when the signal arrived, and load balancers take a moment to
 * notice.
 */
const LATECOMERS_MS = 2000;

/**
 * When the application shuts down, it immediately reports that it is not ready, but keeps accepting
 * requests: for `drainMs` in any case, then while endpoints have requests in progress, for two
 * seconds at most. Requests still in progress after `shutdownTimeoutMs` are answered with 503. Then
 * Nest closes the server, and after that the runners close.
 *
 * With `shutdown: 'application'`, the server accepts no connections after these two seconds.
 * Existing connections get their answers, then close.
 */
@Injectable()
export class Shutdown implements OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown {
  #begun = false;
  #since = 0;
  #deadline: NodeJS.Timeout | undefined;
  #server: ClosingServer | undefined;

  constructor(
    @Inject(VTS_MODULE_OPTIONS) private readonly options: VtsModuleOptions,
    @Inject(PlatformHost) private readonly platforms: PlatformHost,
    @Inject(Requests) private readonly requests: Requests,
  ) {}

  get begun(): boolean {
    return this.#begun;
  }

  onModuleDestroy(): void {
    this.#begun = true;
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { shutdownTimeoutMs = DEFAULT_SHUTDOWN_TIMEOUT_MS, drainMs = 0 } = this.options;
    const server = this.platforms.current?.server;
    if (drainMs > 0 && server?.listening) await delay(drainMs);
    this.#since = performance.now();
    this.#deadline = setTimeout(() => this.requests.refuse(), shutdownTimeoutMs);
    await atMost(this.requests.whenEmpty(), Math.min(LATECOMERS_MS, shutdownTimeoutMs));
    if (server !== undefined && hostOptions(this.options).shutdown) {
      this.#server = new ClosingServer(server);
      await this.#server.stopListening();
      this.requests.closing = true;
      this.#server.sweep(() => this.#mayCut(shutdownTimeoutMs));
    }
    await this.requests.whenEmpty();
    // Next, Nest waits until all connections are closed.
  }

  onApplicationShutdown(): void {
    clearTimeout(this.#deadline);
    this.#server?.stop();
  }

  #mayCut(shutdownTimeoutMs: number): boolean {
    const ending = performance.now() - this.#since;
    if (this.requests.count === 0) return ending > LATECOMERS_MS;
    // The responses of abandoned requests need a moment to be sent.
    return ending > shutdownTimeoutMs + LATECOMERS_MS;
  }
}
