import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const suites = (names: readonly string[]): string[] =>
  names.map((name) => `test/${name}.e2e-spec.ts`);

export default defineConfig({
  test: {
    globalSetup: 'test/fixtures/packed/unpack.mjs',
    pool: 'forks',
    // The default leaves one core idle, which on a machine of two is half of it.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit+e2e on express',
          include: ['{lib,bench}/**/*.spec.ts', 'test/**/*.e2e-spec.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'contract on fastify',
          env: { VTS_TEST_ADAPTER: 'fastify' },
          include: suites([
            'access-log',
            'binary-tensors',
            'contract',
            'contract-documents',
            'contract-faults',
            'contract-guarded',
            'early-refusal',
            'health',
            'injection',
            'io',
            'language-model',
            'limits',
            'metrics',
            'open-inference',
            'openapi',
            'playground',
            'shutdown',
            'shutdown-load',
            'tracing',
          ]),
        },
      },
    ],
  },
  resolve: {
    // What a user installs: the e2e suites run the built package, as worker threads need JavaScript.
    alias: {
      'nestjs-vts/learner': new URL('./dist/lib/learner/index.js', import.meta.url).pathname,
      'nestjs-vts/client': new URL('./dist/lib/client/index.js', import.meta.url).pathname,
      'nestjs-vts/express': new URL('./dist/lib/express.js', import.meta.url).pathname,
      'nestjs-vts/runnable': new URL('./dist/lib/runnable.js', import.meta.url).pathname,
      'nestjs-vts/serving': new URL('./dist/lib/serving/index.js', import.meta.url).pathname,
      'nestjs-vts': new URL('./dist/lib/index.js', import.meta.url).pathname,
    },
  },
});
