import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { IncomeController } from './income.controller.js';

/** The sample's own store. VTS_HOME selects another one. */
const home = process.env['VTS_HOME'] ?? 'sample/03-tabular/models-home';

@Module({
  imports: [VtsModule.forRoot({ home, scope: 'application' })],
  controllers: [IncomeController],
})
export class AppModule {}
