import { Controller, Get, Inject, Res, VERSION_NEUTRAL } from '@nestjs/common';
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
import { RunnerRegistry } from '../runner/runner.registry.js';
import { ApiError } from './api-error.js';
import type { HttpResponse } from './http.js';
import { RequestGate } from './request-gate.js';

const OK_SCHEMA = {
  type: 'object' as const,
  properties: { status: { type: 'string' as const, example: 'ok' } },
  required: ['status'],
};

/**
 * Probes: is the process alive, can it serve, and how is each runner.
 *
 * @internal
 */
@ApiTags('Infrastructure')
@Controller({ version: VERSION_NEUTRAL })
export class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(RunnerRegistry) private readonly registry: RunnerRegistry,
    @Inject(RequestGate) private readonly gate: RequestGate,
  ) {}

  @Get('livez')
  @ApiOperation({ summary: 'The process serves requests' })
  @ApiOkResponse({ schema: OK_SCHEMA, description: 'Always, while the process serves.' })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'Every runner has its model loaded' })
  @ApiOkResponse({ schema: OK_SCHEMA, description: 'The service takes requests.' })
  @ApiServiceUnavailableResponse({
    type: ApiError,
    description: 'A model is not loaded, or the service is shutting down.',
  })
  ready(@Res({ passthrough: true }) response: HttpResponse): { status: 'ok' } | ApiError {
    const waiting = [...this.registry.used.values()].filter(({ ready }) => !ready);
    if (!this.gate.draining && waiting.length === 0 && this.registry.ready) return { status: 'ok' };
    const message = this.gate.draining
      ? 'The service is shutting down.'
      : `The service is not ready: no worker has ${waiting.map(({ tag }) => tag).join(', ')} loaded.`;
    // No exception: a probe that is answered as it should be is nothing for filters and logs.
    response.statusCode = 503;
    return { statusCode: 503, message, error: 'Service Unavailable' };
  }

  @Get('healthz')
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
