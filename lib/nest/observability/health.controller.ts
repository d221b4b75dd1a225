import { Controller, Get, Inject, Res, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import {
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import { RunnerRegistry } from '../injection/runner.registry.js';
import { ApiError } from '../http/api-error.js';
import type { HealthPaths } from './health-options.js';
import { PlatformHost } from '../http/platform-host.js';
import { Shutdown } from '../http/shutdown.js';
import { Readiness } from './readiness.js';

const OK_SCHEMA = {
  type: 'object' as const,
  properties: { status: { type: 'string' as const, example: 'ok' } },
  required: ['status'],
};

/** In the form of `@nestjs/terminus`, for those that read its results already. */
interface HealthDetails {
  readonly status: 'ok' | 'degraded' | 'shutting_down';
  readonly info: object;
  readonly error: object;
  readonly details: object;
}

/**
 * The controller of the probes: is the process alive, can it serve, and how is each runner.
 * Undefined where all are turned off.
 */
export function healthController({ livez, readyz, healthz }: HealthPaths): Type | undefined {
  if (livez === undefined && readyz === undefined && healthz === undefined) return undefined;

  @ApiTags('Infrastructure')
  @Controller({ version: VERSION_NEUTRAL })
  class HealthController {
    constructor(
      @Inject(RunnerRegistry) private readonly registry: RunnerRegistry,
      @Inject(Readiness) private readonly readiness: Readiness,
      @Inject(Shutdown) private readonly shutdown: Shutdown,
      @Inject(PlatformHost) private readonly platforms: PlatformHost,
    ) {}

    @At(livez)
    @ApiOperation({ summary: 'The process serves requests' })
    @ApiOkResponse({ schema: OK_SCHEMA, description: 'Always, while the process serves.' })
    live(): { status: 'ok' } {
      return { status: 'ok' };
    }

    @At(readyz)
    @ApiOperation({ summary: 'Every runner has its model loaded, and room for a call' })
    @ApiOkResponse({ schema: OK_SCHEMA, description: 'The service takes requests.' })
    @ApiServiceUnavailableResponse({
      type: ApiError,
      description: 'A model is not loaded, a queue is full, or the service is shutting down.',
    })
    ready(@Res({ passthrough: true }) response: object): { status: 'ok' } | ApiError {
      const message = this.readiness.obstacle;
      if (message === undefined) return { status: 'ok' };
      // No exception: a probe that is answered as it should be is nothing for filters and logs.
      this.platforms.adapter.status(response, 503);
      return { statusCode: 503, message, error: 'Service Unavailable' };
    }

    @At(healthz)
    @ApiOperation({ summary: 'The process serves requests, with details of its runners' })
    @ApiOkResponse({
      description:
        'Always, while the process serves; the status is degraded when a runner is not ready.',
      schema: {
        type: 'object',
        properties: {
          status: { type: 'string', example: 'ok' },
          info: { type: 'object' },
          error: { type: 'object' },
          details: { type: 'object' },
        },
        required: ['status', 'details'],
      },
    })
    details(): HealthDetails {
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
  return HealthController;
}

/** `@Get`, where there is a path. */
function At(path: string | undefined): MethodDecorator {
  return path === undefined ? () => undefined : Get(path);
}
