import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { SentimentController } from './sentiment.controller.js';

/** The store that comes with the sample; VTS_HOME points the same app at another. */
const home = process.env['VTS_HOME'] ?? 'sample/01-fastai-sentiment/models-home';

@Module({
  imports: [VtsModule.forRoot({ home, scope: 'application' })],
  controllers: [SentimentController],
})
export class AppModule {}
