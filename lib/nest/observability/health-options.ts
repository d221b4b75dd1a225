import type { VtsHealthOptions } from '../vts-module-options.interface.js';
import { InvalidModuleOptionError } from '../http/errors.js';
import { checkedPath } from './infrastructure-path.js';

const PROBES = ['livez', 'readyz', 'healthz'] as const;

/** The paths of the probes, without a leading slash; undefined where one is turned off. */
export type HealthPaths = Readonly<Record<(typeof PROBES)[number], string | undefined>>;

/**
 * Where the probes are.
 *
 * @throws InvalidModuleOptionError
 */
export function resolveHealthPaths(given: boolean | VtsHealthOptions | undefined): HealthPaths {
  if (given === false) return { livez: undefined, readyz: undefined, healthz: undefined };
  if (given !== undefined && given !== true && (typeof given !== 'object' || given === null)) {
    throw new InvalidModuleOptionError(
      'health',
      `is ${JSON.stringify(given)}`,
      'use true, false or options',
    );
  }
  const options: VtsHealthOptions = typeof given === 'object' ? given : {};
  const known = ['prefix', ...PROBES];
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new InvalidModuleOptionError(
        `health."${key}"`,
        'is no option',
        `use ${known.join(', ')}`,
      );
    }
  }
  const { prefix } = options;
  const before =
    prefix === undefined || prefix === '' ? '' : `${checkedPath('health.prefix', prefix)}/`;
  const pathOf = (probe: (typeof PROBES)[number]): string | undefined => {
    const path = options[probe] ?? probe;
    return path === false ? undefined : before + checkedPath(`health.${probe}`, path);
  };
  return { livez: pathOf('livez'), readyz: pathOf('readyz'), healthz: pathOf('healthz') };
}
