import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { PageController } from './page.controller.js';
import { ReviewsController } from './reviews.controller.js';

/** The store that comes with the sample; VTS_HOME points the same app at another. */
const home = process.env['VTS_HOME'] ?? 'sample/05-language-model/models-home';

@Module({
  imports: [VtsModule.forRoot({ home, scope: 'application' })],
  controllers: [PageController, ReviewsController],
})
export class AppModule {}
