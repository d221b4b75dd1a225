// Bundles BullMQ and ioredis into dist/lib/vendor/bullmq: what is loaded where bullmq is not
// installed. BullMQ is not a dependency, because msgpackr, which it needs, has an install script.
import { join } from 'node:path';
import { bundlePackages, root } from './bundled.mjs';

await bundlePackages(
  'bullmq',
  {
    input: join(root, '.ci/bullmq-packages.cjs'),
    // Other clients and stores of BullMQ, and native code that msgpackr goes without.
    external: [/^pg$/, /^pg-/, /^redis$/, /^@redis\//, /^@valkey\//, /^msgpackr-extract/],
  },
  { format: 'cjs', entryFileNames: 'packages.cjs' },
);
