import { normalizeTag } from './injection/runner-tags.storage.js';
import type { VtsModuleOptions } from './vts-module-options.interface.js';
import { runnableDefinitionOf, type RunnableClass } from '../serving/models/custom/definition.js';
import { LONGEST_TIMEOUT_MS, resolveRunnerOptions } from '../serving/runner/runner-options.js';
import { InvalidModuleOptionError } from './http/errors.js';

const KNOWN = [
  'home',
  'runners',
  'timeoutMs',
  'maxBodyBytes',
  'shutdownTimeoutMs',
  'drainMs',
  'watch',
  'errors',
  'overload',
  'observe',
  'shutdown',
  'accessLog',
  'requestIds',
  'requestId',
  'tracing',
];
/** Options that Nest needs before a factory has made the others. */
const EXTRAS = ['health', 'metrics', 'runnables'];

/**
 * Sees that the module's options can be used.
 *
 * @throws InvalidModuleOptionError, InvalidRunnerOptionError, InvalidTagError
 */
export function checkModuleOptions(
  options: VtsModuleOptions,
  runnables: readonly RunnableClass[] = [],
): VtsModuleOptions {
  const refuse = (option: string, fact: string, remedy: string): never => {
    throw new InvalidModuleOptionError(option, fact, remedy);
  };
  for (const key of Object.keys(options)) {
    if (EXTRAS.includes(key)) {
      refuse(
        `"${key}"`,
        'comes too late from a factory',
        'give it to forRootAsync, beside useFactory',
      );
    }
    if (!KNOWN.includes(key))
      refuse(`"${key}"`, 'is no option', `use ${[...KNOWN, ...EXTRAS].join(', ')}`);
  }
  const { home, runners = {} } = options;
  for (const key of ['watch', 'overload', 'tracing'] as const) {
    const value = options[key];
    if (value !== undefined && typeof value !== 'boolean') {
      refuse(key, `is ${JSON.stringify(value)}`, 'use true or false');
    }
  }
  for (const key of ['errors', 'observe', 'shutdown'] as const) {
    const value = options[key];
    if (value !== undefined && value !== 'endpoints' && value !== 'application') {
      refuse(key, `is ${JSON.stringify(value)}`, "use 'endpoints' or 'application'");
    }
  }
  if (home !== undefined && (typeof home !== 'string' || home === '')) {
    refuse('home', `is ${JSON.stringify(home)}`, 'give the folder of the model store');
  }
  for (const key of ['timeoutMs', 'shutdownTimeoutMs', 'drainMs', 'maxBodyBytes'] as const) {
    const value = options[key];
    const most = key === 'maxBodyBytes' ? Number.MAX_SAFE_INTEGER : LONGEST_TIMEOUT_MS;
    if (value !== undefined && !(typeof value === 'number' && value >= 0 && value <= most)) {
      refuse(key, `is ${String(value)}`, `use 0 to ${most}`);
    }
  }
  checkObservation(options, refuse);
  // The options of runnables are checked where they are run: others hold for them.
  const own = runnables.map((runnable) => runnableDefinitionOf(runnable)?.name);
  for (const [tag, runner] of Object.entries(runners)) {
    if (!own.includes(tag)) resolveRunnerOptions(normalizeTag(tag), runner);
  }
  return options;
}

/** The options of what is told of requests. */
function checkObservation(
  { accessLog, requestIds, requestId }: VtsModuleOptions,
  refuse: (option: string, fact: string, remedy: string) => never,
): void {
  const ids = requestIds === 'application' ? undefined : requestIds;
  const own = {
    accessLog: [accessLog, 'skip'],
    requestIds: [ids, 'header'],
    requestId: [requestId, 'header'],
  } as const;
  for (const [option, [given, key]] of Object.entries(own)) {
    if (given === undefined || typeof given === 'boolean') continue;
    if (typeof given !== 'object' || given === null) {
      refuse(option, `is ${JSON.stringify(given)}`, `use true, false or { ${key} }`);
    }
    const other = Object.keys(given).find((name) => name !== key);
    if (other !== undefined) refuse(`${option}."${other}"`, 'is no option', `use ${key}`);
  }
  const { skip } = typeof accessLog === 'object' ? accessLog : {};
  if (skip !== undefined && typeof skip !== 'function') {
    refuse('accessLog.skip', `is ${JSON.stringify(skip)}`, 'give a function of the log entry');
  }
  for (const [option, given] of Object.entries({ requestIds, requestId })) {
    const { header } = typeof given === 'object' ? given : {};
    if (header !== undefined && !(typeof header === 'string' && /^[\w-]+$/.test(header))) {
      refuse(`${option}.header`, `is ${JSON.stringify(header)}`, 'give the name of a header');
    }
  }
}
