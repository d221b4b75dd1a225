import { anything, flagOr, group, type OptionTable } from '../../serving/options.js';
import { refuseOption } from '../http/errors.js';

/** The paths of the probes. `false` leaves one out. @publicApi */
export interface VtsHealthOptions {
  /** The prefix of all paths. @default none */
  prefix?: string;
  /** Succeeds while the process runs. @default 'livez' */
  livez?: string | false;
  /** Succeeds while the process can accept requests. @default 'readyz' */
  readyz?: string | false;
  /** Returns both states, with the figures of each runner. @default 'healthz' */
  healthz?: string | false;
}

const PROBES = ['livez', 'readyz', 'healthz'] as const;

/** The paths of the probes, without a leading slash; undefined for a probe that is turned off. */
export type HealthPaths = Readonly<Record<(typeof PROBES)[number], string | undefined>>;

/**
 * The paths of the probes.
 *
 * @throws InvalidModuleOptionError
 */
export function resolveHealthPaths(given: boolean | VtsHealthOptions = true): HealthPaths {
  const paths: OptionTable<VtsHealthOptions> = {
    prefix: anything,
    livez: anything,
    readyz: anything,
    healthz: anything,
  };
  flagOr(group(paths, 'use true, false or options'))(given, 'health', refuseOption);
  if (given === false) return { livez: undefined, readyz: undefined, healthz: undefined };
  const options = given === true ? {} : given;
  const { prefix = '' } = options;
  const before = prefix === '' ? '' : `${checkedPath('health.prefix', prefix)}/`;
  const pathOf = (probe: (typeof PROBES)[number]): string | undefined => {
    const path = options[probe] ?? probe;
    return path === false ? undefined : before + checkedPath(`health.${probe}`, path);
  };
  return { livez: pathOf('livez'), readyz: pathOf('readyz'), healthz: pathOf('healthz') };
}

/**
 * The path of a route of the module, without slashes at its ends.
 *
 * @throws InvalidModuleOptionError if it is not one.
 */
export function checkedPath(option: string, given: unknown): string {
  const path = typeof given === 'string' ? given.replace(/^\/+|\/+$/g, '') : '';
  if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(path)) return path;
  const remedy = 'use a path of letters, digits, ., _, ~ and -, such as "internal/health"';
  return refuseOption(option, `is ${JSON.stringify(given)}`, remedy);
}
