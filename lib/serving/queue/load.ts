import type * as BullMQ from 'bullmq';
import { installedOr } from '../../client/packages.js';

/**
 * BullMQ where it is installed, so that an application and this package share one copy; else the copy
 * in this package, with ioredis.
 */
export function loadBullMQ(): typeof BullMQ {
  return installedOr('bullmq', 'bullmq/packages.cjs') as typeof BullMQ;
}
