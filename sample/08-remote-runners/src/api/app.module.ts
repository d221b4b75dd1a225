import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { SentimentController } from './sentiment.controller.js';

/** Where the runners are: `grpc://host:port`, several with commas between, or `dns:///name:port`. */
const url = (process.env['RUNNERS'] ?? 'grpc://localhost:8081').split(',');

/** Has endpoints and no model: without `remote` the same application runs it itself. */
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
