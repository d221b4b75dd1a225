import type { VtsMetricsOptions } from '../../vts-module-options.interface.js';
import { InvalidModuleOptionError } from '../../http/errors.js';
import { checkedPath } from '../infrastructure-path.js';

const KNOWN = ['path', 'prefix', 'labels', 'defaultMetrics'];
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** Labels that the module's own metrics have. */
const TAKEN = ['method', 'route', 'status', 'runner', 'outcome', 'reason', 'le'];

export interface ResolvedMetricsOptions {
  readonly path: string;
  readonly prefix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly defaultMetrics: boolean;
}

/**
 * The options of metrics with nothing left open; undefined where they are turned off.
 *
 * @throws InvalidModuleOptionError
 */
export function resolveMetricsOptions(
  given: boolean | VtsMetricsOptions | undefined,
): ResolvedMetricsOptions | undefined {
  if (given === false) return undefined;
  const refuse = (option: string, fact: string, remedy: string): never => {
    throw new InvalidModuleOptionError(option, fact, remedy);
  };
  if (given !== undefined && given !== true && (typeof given !== 'object' || given === null)) {
    refuse('metrics', `is ${JSON.stringify(given)}`, 'use true, false or options');
  }
  const options: VtsMetricsOptions = typeof given === 'object' ? given : {};
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) refuse(`metrics."${key}"`, 'is no option', `use ${KNOWN.join(', ')}`);
  }
  const { prefix = 'vts_', labels = {}, defaultMetrics = true } = options;
  if (typeof prefix !== 'string' || (prefix !== '' && !NAME.test(prefix))) {
    refuse('metrics.prefix', `is ${JSON.stringify(prefix)}`, 'use letters, digits and _');
  }
  if (typeof defaultMetrics !== 'boolean') {
    refuse('metrics.defaultMetrics', `is ${JSON.stringify(defaultMetrics)}`, 'use true or false');
  }
  for (const [name, value] of Object.entries(labels)) {
    if (!LABEL.test(name) || name.startsWith('__') || TAKEN.includes(name)) {
      refuse(
        'metrics.labels',
        `has the name "${name}"`,
        `use another, and none of ${TAKEN.join(', ')}`,
      );
    }
    if (typeof value !== 'string') refuse(`metrics.labels.${name}`, 'is no text', 'give a string');
  }
  return {
    path: checkedPath('metrics.path', options.path ?? 'metrics'),
    prefix,
    labels,
    defaultMetrics,
  };
}
