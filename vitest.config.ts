import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    // The default leaves one core idle, which on a machine of two is half of it.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    include: ['lib/**/*.spec.ts', 'test/**/*.e2e-spec.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
  resolve: {
    // What a user installs: the e2e suites run the built package, as worker threads need JavaScript.
    alias: {
      'nestjs-vts/runnable': new URL('./dist/lib/runnable.js', import.meta.url).pathname,
      'nestjs-vts/serving': new URL('./dist/lib/serving/index.js', import.meta.url).pathname,
      'nestjs-vts': new URL('./dist/lib/index.js', import.meta.url).pathname,
    },
  },
});
