import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as BullMQ from 'bullmq';

const OWN_COPY = 'dist/lib/vendor/bullmq/packages.cjs';
const require = createRequire(import.meta.url);

/**
 * BullMQ where it is installed, so that an application and this package share one copy; else the copy
 * in this package, with ioredis.
 */
export function loadBullMQ(): typeof BullMQ {
  if (isInstalled('bullmq')) return require('bullmq') as typeof BullMQ;
  const own = join(dirname(require.resolve('nestjs-vts/package.json')), OWN_COPY);
  return require(own) as typeof BullMQ;
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
