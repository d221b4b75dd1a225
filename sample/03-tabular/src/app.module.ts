import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { IncomeController } from './income.controller.js';

/** The store that comes with the sample; VTS_HOME points the same app at another. */
const home = process.env['VTS_HOME'] ?? 'sample/03-tabular/models-home';

@Module({
  imports: [VtsModule.forRoot({ home, scope: 'application' })],
  controllers: [IncomeController],
})
export class AppModule {}
