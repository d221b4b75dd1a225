import type { CallEvent } from '../../runtime/runner-observer.js';

/** The figure that counts calls which ended so. */
export const COUNTED = {
  ok: 'completed',
  input: 'rejected',
  failed: 'failed',
  abandoned: 'abandoned',
} as const satisfies Readonly<Record<CallEvent['outcome'], string>>;
