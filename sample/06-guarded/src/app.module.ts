import { Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { VtsModule } from 'nestjs-vts';
import { ApiKeys } from './api-keys.js';
import { ReviewsController } from './reviews.controller.js';

/** The store of the first sample. VTS_HOME selects another one. */
const home = process.env['VTS_HOME'] ?? 'sample/01-fastai-sentiment/models-home';

@Module({
  imports: [
    VtsModule.forRoot({ home, scope: 'application' }),
    ThrottlerModule.forRoot({
      throttlers: [{ ttl: 60_000, limit: () => Number(process.env['REQUESTS_A_MINUTE'] ?? 600) }],
      errorMessage: 'Too many requests; wait for the seconds in Retry-After.',
    }),
  ],
  controllers: [ReviewsController],
  providers: [ApiKeys],
})
export class AppModule {}
