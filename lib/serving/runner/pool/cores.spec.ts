import { describe, expect, it } from 'vitest';
import { cgroupLimit, usableCores } from './cores.js';

const limitIn = (files: Readonly<Record<string, string>>): number =>
  cgroupLimit((path) => files[path] ?? '');

describe('cgroupLimit', () => {
  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['nothing', {}, Infinity],
    ['version 2 without a limit', { '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, Infinity],
    [
      'version 2 in a container',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' },
      1.5,
    ],
    ['a group without /proc', { '/sys/fs/cgroup/cpu.max': '50000 100000\n' }, 0.5],
    [
      'a nested group of version 2',
      {
        '/proc/self/cgroup': '0::/user.slice/app.service\n',
        '/sys/fs/cgroup/user.slice/app.service/cpu.max': '300000 100000\n',
      },
      3,
    ],
    [
      'a group whose parent has less',
      {
        '/proc/self/cgroup': '0::/user.slice/app.service\n',
        '/sys/fs/cgroup/user.slice/app.service/cpu.max': '300000 100000\n',
        '/sys/fs/cgroup/user.slice/cpu.max': '200000 100000\n',
      },
      2,
    ],
    [
      'version 1',
      {
        '/proc/self/cgroup': '4:memory:/\n3:cpu,cpuacct:/\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '250000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      2.5,
    ],
    [
      'version 1 without a limit',
      {
        '/proc/self/cgroup': '3:cpu,cpuacct:/\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      Infinity,
    ],
    [
      'a container of version 1 that is told the path outside of it',
      {
        '/proc/self/cgroup': '3:cpuacct,cpu:/docker/abc\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '100000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '50000\n',
      },
      2,
    ],
    [
      'both versions',
      {
        '/proc/self/cgroup': '3:cpu:/a\n0::/b\n',
        '/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '400000\n',
        '/sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/unified/b/cpu.max': '300000 100000\n',
      },
      3,
    ],
    [
      'a path that climbs out',
      { '/proc/self/cgroup': '0::/../../a\n', '/sys/fs/cgroup/a/cpu.max': '100000 100000\n' },
      1,
    ],
    [
      'a path without end',
      {
        '/proc/self/cgroup': `0::${'/a'.repeat(100_000)}\n`,
        '/sys/fs/cgroup/cpu.max': '100000 100000\n',
      },
      1,
    ],
    ['nonsense', { '/proc/self/cgroup': 'x\n:::\n', '/sys/fs/cgroup/cpu.max': '0 0\n' }, Infinity],
  ])('reads %s', (_, files, cores) => {
    expect(limitIn(files)).toBe(cores);
  });
});

it('has a positive number of cores', () => expect(usableCores()).toBeGreaterThan(0));
