import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const suites = (names: readonly string[]): string[] =>
  names.map((name) => `test/${name}.e2e-spec.ts`);

/** Suites of a minute or so. They begin first: one that begins last leaves the other cores idle. */
const SLOW = suites([
  'readme-commands',
  'bundle',
  'batch',
  'batch-queue',
  'remote-runners',
  'queue',
]);

class SlowFirst extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification): boolean =>
      SLOW.some((path) => moduleId.endsWith(`/${path}`));
    const sorted = await super.sort(specs);
    return [...sorted.filter(isSlow), ...sorted.filter((spec) => !isSlow(spec))];
  }
}

export default defineConfig({
  test: {
    globalSetup: 'test/fixtures/packed/unpack.mjs',
    pool: 'forks',
    // The default leaves one core idle, which on a machine of two is half of it.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: SlowFirst },
    // Node imports the built package itself, as it does for users.
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['lib/{cli,client,nest,serving}/**/*.spec.ts', 'bench/**/*.spec.ts'],
          // Half of their time would go to the imports that they share.
          isolate: false,
        },
      },
      {
        extends: true,
        // Which modules are followed depends on what a process has loaded, so each file has its own.
        test: { name: 'learner', include: ['lib/learner/**/*.spec.ts'] },
      },
      {
        extends: true,
        test: { name: 'e2e on express', include: ['test/**/*.e2e-spec.ts'] },
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
