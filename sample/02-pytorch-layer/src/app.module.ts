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
          // One worker for this app; by default there is one for each core but one.
          workers: 1,
          batching: {
            // Rows of one run. Calls that come while it runs wait for the next one together.
            maxBatchSize: 64,
            // From the arrival of a request to its answer: what cannot make it gets 503 with
            // Retry-After at once.
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
