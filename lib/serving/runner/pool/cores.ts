import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';

/** The limit on nested control groups that are read. */
const DEEPEST = 64;

type ReadText = (path: string) => string;

/**
 * The CPU cores that this process may use, by its affinity and the limits of its control groups. A
 * container with a limit of one and a half cores has 1.5.
 */
export function usableCores(): number {
  return Math.min(availableParallelism(), cgroupLimit(readText));
}

/**
 * The cores that a process gets from its control group and the enclosing ones, of version 1 and 2.
 * Infinity if none has a limit.
 */
export function cgroupLimit(read: ReadText): number {
  const limits = read('/proc/self/cgroup')
    .split('\n')
    .flatMap((line) => {
      const [, id, controllers = '', path = '/'] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
      if (id === '0' && controllers === '') return UNIFIED.map((root) => limitOf(read, root, path));
      if (!controllers.split(',').includes('cpu')) return [];
      return [limitOf(read, '/sys/fs/cgroup/cpu', path)];
    });
  // Without /proc, the file of the container's own group may still exist.
  return Math.min(...limits, quotaOf(read, UNIFIED[0]), quotaOf(read, '/sys/fs/cgroup/cpu'));
}

/** The mount points of version 2: alone, and next to version 1. */
const UNIFIED = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'] as const;

/** The lowest limit of a group and the enclosing ones. A container may not see the outer ones. */
function limitOf(read: ReadText, root: string, path: string): number {
  let least = Infinity;
  let group = posix.join('/', path);
  for (let depth = 0; depth < DEEPEST; depth++) {
    least = Math.min(least, quotaOf(read, posix.join(root, group)));
    if (group === '/') break;
    group = posix.dirname(group);
  }
  return least;
}

function quotaOf(read: ReadText, folder: string): number {
  const [, quota, period] = /^(\d+) (\d+)/.exec(read(`${folder}/cpu.max`)) ?? [
    '',
    read(`${folder}/cpu.cfs_quota_us`),
    read(`${folder}/cpu.cfs_period_us`),
  ];
  // No limit is `max` in version 2 and -1 in version 1.
  const cores = Number(quota) / Number(period);
  return Number(quota) > 0 && cores > 0 ? cores : Infinity;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
