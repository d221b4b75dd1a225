import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { SentimentController } from './sentiment.controller.js';

/** The sample's own store. VTS_HOME selects another one. */
const home = process.env['VTS_HOME'] ?? 'sample/01-fastai-sentiment/models-home';

@Module({
  imports: [VtsModule.forRoot({ home, scope: 'application' })],
  controllers: [SentimentController],
})
export class AppModule {}
