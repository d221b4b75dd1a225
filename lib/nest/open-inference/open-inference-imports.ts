import type { DynamicModule, Provider } from '@nestjs/common';
import { refuseOption } from '../http/errors.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { VTS_MODULE_OPTIONS, VTS_OPEN_INFERENCE } from '../vts.constants.js';
import { resolveOpenInference, type VtsOpenInferenceOptions } from './open-inference-options.js';

type Given = boolean | VtsOpenInferenceOptions | undefined;

/**
 * The modules that serve the protocol; empty if it is turned off. Only this loads them.
 *
 * @throws InvalidModuleOptionError, InvalidTagError
 */
export function openInferenceImports(early: Given): Promise<DynamicModule>[] {
  const options = resolveOpenInference(early);
  return options === undefined ? [] : [load(options.path)];
}

async function load(path: string | undefined): Promise<DynamicModule> {
  const { openInferenceModule } = await import('./open-inference.module.js');
  return openInferenceModule(path);
}

/** The resolved options, `OpenInferenceOptions`; undefined if it is turned off. */
export function openInferenceOptions(early: Given): Provider {
  return {
    provide: VTS_OPEN_INFERENCE,
    inject: [VTS_MODULE_OPTIONS],
    useFactory: ({ openInference: late }: VtsModuleOptions) =>
      resolveOpenInference(merged(early, late)),
  };
}

/** @throws InvalidModuleOptionError for options that Nest needs before it calls the factory. */
function merged(early: Given, late: Given): Given {
  if (late === undefined || late === early) return early;
  const options = typeof late === 'object' ? late : {};
  const whole = typeof late === 'boolean' || early === undefined || early === false;
  if (whole || options.rest !== undefined) {
    const option = whole ? '"openInference"' : '"openInference.rest"';
    const remedy = 'give it to forRootAsync, next to useFactory';
    return refuseOption(option, 'cannot come from a factory', remedy);
  }
  return { ...(typeof early === 'object' ? early : {}), ...options };
}
