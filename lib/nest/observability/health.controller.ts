import { Controller, Get, Inject, Res, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import {
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import {
  HealthCheckService,
  HealthIndicatorService,
  type HealthCheckResult,
  type HealthIndicatorFunction,
} from '@nestjs/terminus';
import { RunnerRegistry } from '../injection/runner.registry.js';
import { ApiError } from '../http/api-error.js';
import type { HealthPaths } from './health-options.js';
import type { HttpResponse } from '../http/http.js';
import { Readiness } from './readiness.js';

const OK_SCHEMA = {
  type: 'object' as const,
  properties: { status: { type: 'string' as const, example: 'ok' } },
  required: ['status'],
};

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
      @Inject(HealthCheckService) private readonly health: HealthCheckService,
      @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
      @Inject(RunnerRegistry) private readonly registry: RunnerRegistry,
      @Inject(Readiness) private readonly readiness: Readiness,
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
    ready(@Res({ passthrough: true }) response: HttpResponse): { status: 'ok' } | ApiError {
      const message = this.readiness.obstacle;
      if (message === undefined) return { status: 'ok' };
      // No exception: a probe that is answered as it should be is nothing for filters and logs.
      response.statusCode = 503;
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
    async details(): Promise<HealthCheckResult> {
      return this.health.check(
        [...this.registry.used].map(([name, runner]): HealthIndicatorFunction => () => {
          const indicator = this.indicators.check(name);
          const facts = { tag: runner.tag, ...runner.stats };
          return runner.ready ? indicator.up(facts) : indicator.degraded(facts);
        }),
      );
    }
  }
  return HealthController;
}

/** `@Get`, where there is a path. */
function At(path: string | undefined): MethodDecorator {
  return path === undefined ? () => undefined : Get(path);
}
