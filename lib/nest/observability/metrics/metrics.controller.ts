import { Controller, Get, Inject, Res, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '../../openapi.js';
import { PlatformHost } from '../../http/platform-host.js';
import { Metrics } from './metrics.js';

/** The controller that serves the metrics at a path. */
export function metricsController(path: string): Type {
  @ApiTags('Infrastructure')
  @Controller({ version: VERSION_NEUTRAL })
  class VtsMetricsController {
    constructor(
      @Inject(Metrics) private readonly all: Metrics,
      @Inject(PlatformHost) private readonly platforms: PlatformHost,
    ) {}

    @Get(path)
    @ApiOperation({ summary: 'Metrics in the text format of Prometheus' })
    @ApiOkResponse({
      description: 'All metrics.',
      content: { 'text/plain': { schema: { type: 'string' } } },
    })
    async metrics(@Res({ passthrough: true }) response: object): Promise<string> {
      const text = await this.all.text();
      this.platforms.adapter.setHeader(response, 'content-type', this.all.contentType);
      return text;
    }
  }
  return VtsMetricsController;
}
