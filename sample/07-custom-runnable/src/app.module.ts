import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { LoansController } from './loans.controller.js';
import { Loans } from './loans.runnable.js';

@Module({
  imports: [
    VtsModule.forRoot({
      scope: 'application',
      runnables: [Loans],
      runners: { loans: { timeoutMs: 10_000, batching: { maxBatchSize: 64 } } },
    }),
  ],
  controllers: [LoansController],
})
export class AppModule {}
