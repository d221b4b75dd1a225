import { arch, availableParallelism, cpus, platform } from 'node:os';
import type { CaseResult } from './results.js';

/** All of one run. */
export interface Run {
  readonly machine: Machine;
  readonly compare: string | undefined;
  readonly cases: readonly CaseResult[];
}

/** The conditions of the numbers. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly system: string;
  readonly node: string;
}

export function machine(): Machine {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    system: `${platform()} ${arch()}`,
    node: process.version,
  };
}
