import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Json,
  NumpyNdarray,
  PandasDataFrame,
  Runner,
  VtsApi,
  VtsModule,
  type DataFrame,
  type FastaiRunner,
  type Tensor,
} from 'nestjs-vts';
import { VtsExpressAdapter } from 'nestjs-vts/express';

// Large tables, with small requests at the same time. It reports the longest pause of the event
// loop.
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
const large = { maxBytes: 64 * 1024 * 1024 };

@Controller()
class TablesController {
  constructor(@Runner('income:latest') private readonly runner: FastaiRunner) {}

  @VtsApi({ input: new PandasDataFrame(large), output: NumpyNdarray })
  async score(frame: DataFrame): Promise<Tensor> {
    const [probabilities] = await this.runner.getPreds.run(frame);
    return probabilities;
  }

  @VtsApi({ input: Json, output: Json })
  small(value: unknown): unknown {
    return value;
  }

  @Post('reset')
  reset(): void {
    delays.reset();
  }

  @Get('pause')
  pause(): { ms: number } {
    return { ms: delays.max / 1e6 };
  }
}

@Module({
  imports: [VtsModule.forRoot({ home: process.env['VTS_HOME']!, accessLog: false })],
  controllers: [TablesController],
})
class TablesModule {}

const app = await NestFactory.create(TablesModule, new VtsExpressAdapter(), {
  logger: ['error', 'warn'],
});
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(Number(process.env['PORT']), '127.0.0.1');
