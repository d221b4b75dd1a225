import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { ShapesController } from './shapes.controller.js';

/** The store that comes with the sample; VTS_HOME points the same app at another. */
const home = process.env['VTS_HOME'] ?? 'sample/04-vision/models-home';

@Module({
  imports: [VtsModule.forRoot({ home, scope: 'application' })],
  controllers: [ShapesController],
})
export class AppModule {}
