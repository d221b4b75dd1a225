import {
  Module,
  type INestApplication,
  type LoggerService,
  type ModuleMetadata,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { JobResource } from '../../lib/nest/jobs/job-resource.js';
import type { VtsJobsOptions } from '../../lib/nest/jobs/jobs-options.js';
import type {
  VtsModuleExtras,
  VtsModuleOptions,
} from '../../lib/nest/vts-module-options.interface.js';
import { VtsModule } from '../../lib/nest/vts.module.js';
import { HttpClient, type Answer } from './http-client.js';

/** An application with jobs, on TypeScript as it is. */
export async function jobsApp(
  on: string,
  jobs: VtsJobsOptions,
  metadata: ModuleMetadata,
  options: VtsModuleOptions & Partial<VtsModuleExtras> = {},
  adjust: { app?: (app: INestApplication) => void; logger?: LoggerService } = {},
): Promise<INestApplication> {
  @Module({
    ...metadata,
    imports: [
      ...(metadata.imports ?? []),
      VtsModule.forRoot({ home: '/nonexistent', jobs, ...options }),
    ],
  })
  class Root {}
  const adapter = on === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const logger = adjust.logger ?? false;
  const app = await NestFactory.create(Root, adapter, { logger, abortOnError: false });
  adjust.app?.(app);
  await app.listen(0);
  return app;
}

export class JobsClient {
  private constructor(readonly http: HttpClient) {}

  static async of(app: INestApplication): Promise<JobsClient> {
    return new JobsClient(await HttpClient.of(app));
  }

  submit(path: string, body: string, headers?: Record<string, string>): Promise<Answer> {
    return this.http.text(`${path}/jobs`, body, headers);
  }

  /** The path of a job that is taken. */
  async submitted(path: string, body: string, headers?: Record<string, string>): Promise<string> {
    const answer = await this.submit(path, body, headers);
    const location = answer.headers.get('location');
    if (answer.status !== 202 || location === null) throw new Error(answer.text);
    return location;
  }

  async job(location: string, headers?: Record<string, string>): Promise<JobResource> {
    const { status, text, json } = await this.http.get(location, headers);
    if (status !== 200) throw new Error(text);
    return json as JobResource;
  }

  /** The job, once it is in one of the states. */
  async until(location: string, ...states: string[]): Promise<JobResource> {
    for (;;) {
      const job = await this.job(location);
      if (states.includes(job.state)) return job;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  ended(location: string): Promise<JobResource> {
    return this.until(location, 'succeeded', 'failed', 'cancelled');
  }
}
