import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { PageController } from './page.controller.js';
import { ReviewsController } from './reviews.controller.js';

/** The sample's own store. VTS_HOME selects another one. */
const home = process.env['VTS_HOME'] ?? 'sample/05-language-model/models-home';

@Module({
  imports: [VtsModule.forRoot({ home, scope: 'application' })],
  controllers: [PageController, ReviewsController],
})
export class AppModule {}
