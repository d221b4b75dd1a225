import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { SentimentController } from './sentiment.controller.js';

/**
 * The addresses of the runners: `grpc://host:port`, several separated by commas, or
 * `dns:///name:port`.
 */
const url = (process.env['RUNNERS'] ?? 'grpc://localhost:8081').split(',');

/** Has endpoints but no model. Without `remote`, the same application runs the model itself. */
@Module({
  imports: [
    VtsModule.forRoot({
      scope: 'application',
      runners: { fastai_sentiment: { remote: { url } } },
    }),
  ],
  controllers: [SentimentController],
})
export class AppModule {}
