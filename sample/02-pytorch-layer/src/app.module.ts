import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { home } from './home.js';
import { LogitsController } from './logits.controller.js';

@Module({
  imports: [
    VtsModule.forRoot({
      scope: 'application',
      home,
      runners: {
        my_pytorch_model: {
          // One worker for this app. By default a runner may have one for each core except one.
          workers: 1,
          batching: {
            // The limit on rows of one run. Calls that arrive during a run share the next one.
            maxBatchSize: 64,
            // From the arrival of a request to its answer. A request that would take longer gets
            // 503 with Retry-After at once.
            maxLatencyMs: 2000,
            maxQueueSize: 2000,
          },
        },
      },
    }),
  ],
  controllers: [LogitsController],
})
export class AppModule {}
