import type * as BullMQ from 'bullmq';
import { installedOr } from '../../client/packages.js';

/**
 * The installed BullMQ, so that an application and this package share one copy; otherwise the copy
 * in this package, with ioredis.
 */
export function loadBullMQ(): typeof BullMQ {
  return installedOr('bullmq', 'bullmq/packages.cjs') as typeof BullMQ;
}
