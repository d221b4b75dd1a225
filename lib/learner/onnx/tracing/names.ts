import type { Names } from '../../python/context.js';
import type { Value } from '../../python/values.js';
import type { TorchEnv } from '../torch-ops/env.js';
import { fastaiNames } from '../torch-ops/fastai/names.js';
import type { ModuleClasses } from './module-classes.js';

/** The names for a model's code, in addition to torch's operations. */
export function programNames(
  env: () => TorchEnv,
  classes: ModuleClasses,
  resolve: (qualifiedName: string) => Value | undefined,
): Names[] {
  return [classes, fastaiNames(env, resolve)];
}
