import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { ShapesController } from './shapes.controller.js';

/** The sample's own store. VTS_HOME selects another one. */
const home = process.env['VTS_HOME'] ?? 'sample/04-vision/models-home';

@Module({
  imports: [VtsModule.forRoot({ home, scope: 'application' })],
  controllers: [ShapesController],
})
export class AppModule {}
