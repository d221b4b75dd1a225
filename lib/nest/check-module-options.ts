import { runnableDefinitionOf, type RunnableClass } from '../serving/models/custom/definition.js';
import {
  aFunction,
  anything,
  checkOptions,
  flag,
  flagOr,
  group,
  LONGEST_TIMEOUT_MS,
  numberFrom,
  oneOf,
  text,
  valueThat,
  type OptionCheck,
} from '../serving/options.js';
import { resolveRunnerOptions } from '../serving/runner/runner-options.js';
import { refuseOption } from './http/errors.js';
import { jobsCheck } from './jobs/jobs-options.js';
import { normalizeTag } from './injection/runner-tags.storage.js';
import { openInferenceCheck } from './open-inference/open-inference-options.js';
import type { VtsModuleExtras, VtsModuleOptions } from './vts-module-options.interface.js';

const scope = oneOf('endpoints', 'application');
const time = numberFrom(0, LONGEST_TIMEOUT_MS);
const share = valueThat(
  (value) => typeof value === 'number' && value > 0 && value <= 1,
  'use a number above 0 and up to 1',
);
const header = text('give the name of a header', /^[\w-]+$/);
const ids = flagOr(group({ header }, 'use true, false or { header }'));

const idsOfAll: OptionCheck = (value, option, refuse) => {
  if (value !== 'application') ids(value, option, refuse);
};

/** Nest needs these before a factory has created the others. */
const early: OptionCheck = (value, option, refuse) => {
  const remedy = 'give it to forRootAsync, next to useFactory';
  if (value !== undefined) refuse(`"${option}"`, 'cannot come from a factory', remedy);
};

/**
 * Checks the options of the module.
 *
 * @throws InvalidModuleOptionError, InvalidRunnerOptionError, InvalidTagError
 */
export function checkModuleOptions(
  options: VtsModuleOptions,
  runnables: readonly RunnableClass[] = [],
): VtsModuleOptions {
  checkOptions<VtsModuleOptions & VtsModuleExtras>(
    {
      home: text('give the folder of the model store', /./),
      runners: anything,
      timeoutMs: time,
      maxBodyBytes: numberFrom(0, Number.MAX_SAFE_INTEGER),
      shutdownTimeoutMs: time,
      drainMs: time,
      watch: flag,
      scope,
      errors: scope,
      overload: flagOr(group({ refusalShare: share }, 'use true, false or { refusalShare }')),
      observe: scope,
      shutdown: scope,
      accessLog: flagOr(
        group(
          { skip: aFunction('give a function of the log entry') },
          'use true, false or { skip }',
        ),
      ),
      requestIds: idsOfAll,
      requestId: ids,
      tracing: flag,
      openInference: openInferenceCheck,
      jobs: jobsCheck,
      health: early,
      metrics: early,
      runnables: early,
    },
    options,
    refuseOption,
  );
  // The options of runnables are checked where they run, because other rules apply to them.
  const own = runnables.map((runnable) => runnableDefinitionOf(runnable)?.name);
  for (const [tag, runner] of Object.entries(options.runners ?? {})) {
    if (!own.includes(tag)) resolveRunnerOptions(normalizeTag(tag), runner);
  }
  return options;
}
