import { Inject, Injectable } from '@nestjs/common';
import { RunnerRegistry } from '../injection/runner.registry.js';
import { Requests } from '../http/requests.js';
import { Shutdown } from '../http/shutdown.js';

/** Whether requests should be sent to this process. */
@Injectable()
export class Readiness {
  constructor(
    @Inject(RunnerRegistry) private readonly registry: RunnerRegistry,
    @Inject(Shutdown) private readonly shutdown: Shutdown,
    @Inject(Requests) private readonly requests: Requests,
  ) {}

  /** Why not; undefined if they should. */
  get obstacle(): string | undefined {
    if (this.shutdown.begun) return 'The service is shutting down.';
    const runners = [...this.registry.used.values()];
    const waiting = runners.filter(({ ready }) => !ready);
    const here = waiting.filter(({ remote }) => remote === undefined).map(({ tag }) => tag);
    if (here.length > 0) {
      return `The service is not ready: no worker has ${here.join(', ')} loaded.`;
    }
    if (waiting.length > 0) {
      const tags = waiting.map(({ tag }) => tag).join(', ');
      return `The service is not ready: no server of ${tags} is ready.`;
    }
    if (!this.registry.ready) return 'The service is not ready: it is starting.';
    const full = runners.filter(({ stats }) => stats.full).map(({ tag }) => tag);
    return full.length > 0
      ? `The service is not ready: the queue of ${full.join(', ')} is full.`
      : this.requests.jobs?.obstacle;
  }
}
