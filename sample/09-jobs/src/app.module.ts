import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { home } from './home.js';
import { MasksController } from './masks.controller.js';
import { PageController } from './page.controller.js';
import { StoriesController } from './stories.controller.js';

const connection = process.env['REDIS_URL'] ?? 'redis://localhost:6379';

/**
 * With JOBS=submit, this process only accepts jobs, and other processes with the same Redis run
 * them.
 */
const runsJobs = process.env['JOBS'] !== 'submit';

@Module({
  imports: [
    VtsModule.forRoot({ home, scope: 'application', jobs: { connection, process: runsJobs } }),
  ],
  controllers: [PageController, StoriesController, MasksController],
})
export class AppModule {}
