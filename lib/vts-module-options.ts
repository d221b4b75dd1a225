import { normalizeTag } from './decorators/runner-tags.storage.js';
import type { VtsModuleOptions } from './interfaces/vts-module-options.interface.js';
import { LONGEST_TIMEOUT_MS, resolveRunnerOptions } from './runner/runner-options.js';
import { InvalidModuleOptionError } from './server/errors/index.js';

const KNOWN = [
  'home',
  'runners',
  'timeoutMs',
  'maxBodyBytes',
  'shutdownTimeoutMs',
  'watch',
  'health',
];

/**
 * Sees that the module's options can be used.
 *
 * @throws InvalidModuleOptionError, InvalidRunnerOptionError, InvalidTagError @internal
 */
export function checkModuleOptions(options: VtsModuleOptions): VtsModuleOptions {
  const refuse = (option: string, fact: string, remedy: string): never => {
    throw new InvalidModuleOptionError(option, fact, remedy);
  };
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) refuse(`"${key}"`, 'is no option', `use ${KNOWN.join(', ')}`);
  }
  const { home, runners = {}, watch } = options;
  if (watch !== undefined && typeof watch !== 'boolean') {
    refuse('watch', `is ${JSON.stringify(watch)}`, 'use true or false');
  }
  if (home !== undefined && (typeof home !== 'string' || home === '')) {
    refuse('home', `is ${JSON.stringify(home)}`, 'give the folder of the model store');
  }
  for (const key of ['timeoutMs', 'shutdownTimeoutMs', 'maxBodyBytes'] as const) {
    const value = options[key];
    const most = key === 'maxBodyBytes' ? Number.MAX_SAFE_INTEGER : LONGEST_TIMEOUT_MS;
    if (value !== undefined && !(typeof value === 'number' && value >= 0 && value <= most)) {
      refuse(key, `is ${String(value)}`, `use 0 to ${most}`);
    }
  }
  for (const [tag, runner] of Object.entries(runners)) {
    resolveRunnerOptions(normalizeTag(tag), runner);
  }
  return options;
}
