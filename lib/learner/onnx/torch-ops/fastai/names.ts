import type { Names } from '../../../python/context.js';
import { Builtin, ModuleValue, type Value } from '../../../python/values.js';
import { opaqueClass } from '../../../python/records/index.js';
import type { TorchEnv } from '../env.js';
import { constants } from './constants.js';
import { helperNames } from './helpers.js';
import { listClass } from './l.js';
import { delegating } from './get-attr.js';
import { STAR_ALIASES, STAR_NAMES } from './star-names.js';

const LIBRARY = /^(fastai|fastcore|fasttransform)\./;
/** Modules of torch and torchvision that contain only functions of the tables. */
const MODULES: ReadonlySet<string> = new Set([
  'fastai',
  'fastcore',
  'fasttransform',
  'torch.nn.init',
  'torch.nn.utils',
  'torch.nn.utils.rnn',
  'torchvision',
  'torchvision.transforms',
  'torchvision.transforms.functional',
  'torchvision.transforms.v2',
  'torchvision.transforms.v2.functional',
]);

/** Modules that only re-export names of others. */
const COLLECTIONS =
  'fastai.vision.all fastai.text.all fastai.tabular.all fastai.data.all fastai.callback.all fastai.collab fastai.basics fastai.imports fastai.torch_imports fastai.torch_basics fastcore.all fastcore.utils'.split(
    ' ',
  );
const COLLECTED = new RegExp(`^(?:${COLLECTIONS.join('|')})\\.(\\w+)$`);

/** The functions of nn.init that fill a tensor with known values. All others draw at random. */
const FILLS: ReadonlyMap<string, Value | undefined> = new Map<string, Value | undefined>([
  ['zeros_', 0],
  ['ones_', 1],
  ['constant_', undefined],
]);

function initializer(env: () => TorchEnv, name: string): Builtin {
  return new Builtin(name, (ctx, [tensor = null, given = null], kwargs) => {
    if (!FILLS.has(name)) {
      throw ctx.unsupported(`torch.nn.init.${name} within a forward draws random numbers`);
    }
    const value = FILLS.get(name) ?? kwargs.get('val') ?? given;
    return env().apply('Tensor.fill_', [kwargs.get('tensor') ?? tensor, value]);
  });
}

const stars: ReadonlyMap<string, string> = new Map([
  ...Object.entries(STAR_NAMES).flatMap(([module, names]) =>
    names.split(' ').map((name) => [name, module === '' ? name : `${module}.${name}`] as const),
  ),
  ...Object.entries(STAR_ALIASES),
]);

/** `fastai`, `fastai.vision`, `fastai.vision.all`... */
const LIBRARY_MODULES: ReadonlySet<string> = new Set(
  [...COLLECTIONS, ...Object.keys(STAR_NAMES).filter((module) => LIBRARY.test(module))].flatMap(
    (module) => module.split('.').map((_, i, parts) => parts.slice(0, i + 1).join('.')),
  ),
);

/**
 * fastai's and fastcore's helpers in any of their modules, and the names that a star import of
 * fastai defines.
 *
 * @param resolve A name of any table.
 */
export function fastaiNames(
  env: () => TorchEnv,
  resolve: (qualifiedName: string) => Value | undefined,
): Names {
  const helpers = new Map<string, Value>([
    ...helperNames(env),
    ...constants(),
    ['L', listClass],
    ['GetAttr', delegating],
  ]);
  const made = new Map<string, Value>();
  const kept = (name: string, make: () => Value): Value => {
    let value = made.get(name);
    if (value === undefined) made.set(name, (value = make()));
    return value;
  };
  return {
    resolve(name) {
      if (MODULES.has(name)) return kept(name, () => new ModuleValue(name));
      if (name.startsWith('torch.nn.init.')) {
        const short = name.slice('torch.nn.init.'.length);
        return /^\w+_$/.test(short) ? kept(name, () => initializer(env, short)) : undefined;
      }
      if (!LIBRARY.test(name)) return undefined;
      const [, short] = COLLECTED.exec(name) ?? [];
      const home = short === undefined ? undefined : stars.get(short);
      const collected = home === undefined || home === name ? undefined : resolve(home);
      return collected ?? helpers.get(name.slice(name.lastIndexOf('.') + 1));
    },
    isModule: (path) => MODULES.has(path) || LIBRARY_MODULES.has(path),
    star(module, name) {
      if (!/^(fastai|fastcore|fasttransform)(\.|$)/.test(module)) return undefined;
      const home = stars.get(name);
      if (home === undefined) return undefined;
      // For all others only the name is known, which is enough until they are used.
      return resolve(home) ?? kept(home, () => opaqueClass(home));
    },
  };
}
