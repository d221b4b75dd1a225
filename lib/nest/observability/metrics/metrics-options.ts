import {
  anything,
  byName,
  flag,
  flagOr,
  group,
  text,
  type OptionTable,
} from '../../../serving/options.js';
import { refuseOption } from '../../http/errors.js';
import { checkedPath } from '../health-options.js';

/** @publicApi */
export interface VtsMetricsOptions {
  /** @default 'metrics' */
  path?: string;
  /** The prefix of the module's metrics. @default 'vts_' */
  prefix?: string;
  /** Labels that all metrics get, such as `{ service: 'reviews' }`. */
  labels?: Readonly<Record<string, string>>;
  /**
   * prom-client's default metrics: CPU, memory, event-loop delay, garbage collection.
   *
   * @default true
   */
  defaultMetrics?: boolean;
}

const NAME = /^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** Labels of the module's own metrics. */
const TAKEN = ['method', 'route', 'status', 'runner', 'outcome', 'reason', 'le'];

export interface ResolvedMetricsOptions {
  readonly path: string;
  readonly prefix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly defaultMetrics: boolean;
}

/**
 * The options of metrics with all defaults; undefined if they are turned off.
 *
 * @throws InvalidModuleOptionError
 */
export function resolveMetricsOptions(
  given: boolean | VtsMetricsOptions = true,
): ResolvedMetricsOptions | undefined {
  const table: OptionTable<VtsMetricsOptions> = {
    path: anything,
    prefix: text('use letters, digits and _', NAME),
    labels: byName(text('give a string')),
    defaultMetrics: flag,
  };
  flagOr(group(table, 'use true, false or options'))(given, 'metrics', refuseOption);
  if (given === false) return undefined;
  const options = given === true ? {} : given;
  const { path = 'metrics', prefix = 'vts_', labels = {}, defaultMetrics = true } = options;
  for (const name of Object.keys(labels)) {
    if (LABEL.test(name) && !name.startsWith('__') && !TAKEN.includes(name)) continue;
    const remedy = `use another name, not one of ${TAKEN.join(', ')}`;
    refuseOption('metrics.labels', `has the name "${name}"`, remedy);
  }
  return { path: checkedPath('metrics.path', path), prefix, labels, defaultMetrics };
}
