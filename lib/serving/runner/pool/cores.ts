import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** CPU cores that this process may use, by its affinity and the limit of its container. */
export function usableCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cgroupLimit())));
}

/** Cores that the control group grants, or infinity. */
function cgroupLimit(): number {
  const unified = /^(\d+) (\d+)/.exec(read('/sys/fs/cgroup/cpu.max'));
  if (unified) return Number(unified[1]) / Number(unified[2]);
  const quota = Number(read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'));
  const period = Number(read('/sys/fs/cgroup/cpu/cpu.cfs_period_us'));
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
