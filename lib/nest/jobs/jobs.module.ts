import {
  Inject,
  Logger,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { onJobHandler, type JobHandler } from '../http/endpoint.js';
import { optional } from '../optional.js';
import { VTS_JOBS, VTS_LOG_CONTEXT } from '../vts.constants.js';
import { defineJobRoutes } from './define-job-routes.js';
import { JobHandlers } from './job-handlers.js';
import { JobMetrics } from './job-metrics.js';
import { JobQueue, type SharedBullConfig } from './job-queue.js';
import { JobRoutes } from './job-routes.js';
import { JobWorker } from './job-worker.js';
import { JobWebhooks } from './webhook/job-webhooks.js';
import type { ResolvedJobsOptions } from './jobs-options.js';

@Module({})
class VtsJobsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger(VTS_LOG_CONTEXT);
  #forget: (() => void) | undefined;

  constructor(@Inject(JobQueue) private readonly queue: JobQueue) {
    // An import that took longer than this module may have added more classes.
    defineJobRoutes();
  }

  onApplicationBootstrap(): void {
    this.#forget = onJobHandler((handler) => this.#logger.warn(tooLate(handler)));
  }

  async onApplicationShutdown(): Promise<void> {
    this.#forget?.();
    await this.queue.close();
  }
}

function tooLate({ target, key }: JobHandler): string {
  const handler = `${target.constructor.name}.${String(key)}`;
  return (
    `${handler} has job: true, but its class was loaded after the application had started. ` +
    'Nest gives it no routes, for jobs or otherwise; import its module in a module of the application.'
  );
}

/**
 * The providers for jobs, in addition to those of the core module.
 *
 * @param queue The queue's name, by whose token `@InjectQueue` and dashboards find it.
 */
export function jobsModule(queue: string): DynamicModule {
  // Nest reads the controllers after this.
  defineJobRoutes();
  const bull = optional('@nestjs/bullmq');
  const shared = bull?.getSharedConfigToken();
  const opened = {
    provide: JobQueue,
    inject: [VTS_JOBS, ...(shared === undefined ? [] : [{ token: shared, optional: true }])],
    useFactory: (options: ResolvedJobsOptions, config?: SharedBullConfig) =>
      JobQueue.open(options, config),
  };
  const named = {
    provide: bull?.getQueueToken(queue) ?? `BullQueue_${queue}`,
    inject: [JobQueue],
    useFactory: (jobs: JobQueue) => jobs.queue,
  };
  return {
    module: VtsJobsModule,
    global: true,
    imports: [DiscoveryModule],
    providers: [opened, named, JobHandlers, JobMetrics, JobRoutes, JobWebhooks, JobWorker],
    exports: [named, JobQueue],
  };
}
