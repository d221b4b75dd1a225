import { Controller, Get, Inject, Res, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '../openapi.js';
import { RunnerRegistry } from '../injection/runner.registry.js';
import { ApiError, errorContent } from '../http/api-error.js';
import type { RunnerStats } from '../../serving/runner/pool/pool-stats.js';
import type { IoSchema } from '../io/io-descriptor.js';
import type { HealthPaths } from './health-options.js';
import { PlatformHost } from '../http/platform-host.js';
import { Shutdown } from '../http/shutdown.js';
import { Readiness } from './readiness.js';

const OK_SCHEMA: IoSchema = {
  type: 'object',
  properties: { status: { type: 'string', enum: ['ok'] } },
  required: ['status'],
};

const COUNT: IoSchema = { type: 'integer', minimum: 0 };

const FIGURES = {
  ready: COUNT,
  workers: COUNT,
  queued: COUNT,
  running: COUNT,
  full: { type: 'boolean' },
  completed: COUNT,
  failed: COUNT,
  rejected: COUNT,
  abandoned: COUNT,
  shed: COUNT,
  restarts: COUNT,
} as const satisfies Record<keyof RunnerStats, IoSchema>;

const RUNNERS: IoSchema = {
  type: 'object',
  description: 'Keyed by the name of the runner.',
  additionalProperties: {
    title: 'RunnerHealth',
    type: 'object',
    properties: {
      tag: { type: 'string' },
      status: { type: 'string', enum: ['up', 'degraded'] },
      ...FIGURES,
    },
    required: ['tag', 'status', ...Object.keys(FIGURES)],
  },
};

const DETAILS_SCHEMA: IoSchema = {
  type: 'object',
  properties: {
    status: { type: 'string', enum: ['ok', 'degraded', 'shutting_down'] },
    info: RUNNERS,
    error: RUNNERS,
    details: RUNNERS,
  },
  required: ['status', 'info', 'error', 'details'],
};

const UNREADY = 'A model is not loaded, a queue is full, or the service is shutting down.';

/** In the form of `@nestjs/terminus`, for programs that already read its results. */
interface HealthDetails {
  readonly status: 'ok' | 'degraded' | 'shutting_down';
  readonly info: object;
  readonly error: object;
  readonly details: object;
}

/**
 * The controller of the probes: whether the process is alive, whether it can serve, and the state
 * of each runner. Undefined if all are turned off.
 */
export function healthController({ livez, readyz, healthz }: HealthPaths): Type | undefined {
  if (livez === undefined && readyz === undefined && healthz === undefined) return undefined;

  @ApiTags('Infrastructure')
  @ApiExtraModels(ApiError)
  @Controller({ version: VERSION_NEUTRAL })
  class VtsHealthController {
    constructor(
      @Inject(RunnerRegistry) private readonly registry: RunnerRegistry,
      @Inject(Readiness) private readonly readiness: Readiness,
      @Inject(Shutdown) private readonly shutdown: Shutdown,
      @Inject(PlatformHost) private readonly platforms: PlatformHost,
    ) {}

    @At(livez)
    @ApiOperation({ summary: 'The process serves requests' })
    @ApiOkResponse({ schema: OK_SCHEMA, description: 'The process serves requests.' })
    livez(): { status: 'ok' } {
      return { status: 'ok' };
    }

    @At(readyz)
    @ApiOperation({ summary: 'Every runner has loaded its model and can accept a call' })
    @ApiOkResponse({ schema: OK_SCHEMA, description: 'The service accepts requests.' })
    @ApiServiceUnavailableResponse({
      description: UNREADY,
      content: errorContent(503, UNREADY),
    })
    readyz(@Res({ passthrough: true }) response: object): { status: 'ok' } | ApiError {
      const message = this.readiness.obstacle;
      if (message === undefined) return { status: 'ok' };
      // Not an exception, because filters and logs must not see the normal answer of a probe.
      this.platforms.adapter.status(response, 503);
      return { statusCode: 503, message, error: 'Service Unavailable' };
    }

    @At(healthz)
    @ApiOperation({ summary: 'The process serves requests, with details of its runners' })
    @ApiOkResponse({
      description: 'The process serves requests. The status is degraded if a runner is not ready.',
      schema: DETAILS_SCHEMA,
    })
    healthz(): HealthDetails {
      const runners = [...this.registry.used];
      const facts = runners.map(([name, { tag, stats, ready }]) => {
        return [name, { tag, ...stats, status: ready ? 'up' : 'degraded' }] as const;
      });
      const ready = runners.every(([, runner]) => runner.ready);
      const details = Object.fromEntries(facts);
      const status = this.shutdown.begun ? 'shutting_down' : ready ? 'ok' : 'degraded';
      return { status, info: details, error: {}, details };
    }
  }
  return VtsHealthController;
}

/** `@Get`, if there is a path. */
function At(path: string | undefined): MethodDecorator {
  return path === undefined ? () => undefined : Get(path);
}
