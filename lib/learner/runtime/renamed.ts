/** Before its first release, in 2020, fastai 2 was the package `fastai2`. */
const BEFORE_RELEASE = 'fastai2';

/** Copies of classes that compute the same as the originals. */
const COPIES: ReadonlyMap<string, readonly [module: string, name: string]> = new Map([
  [
    // AutoGluon 0.2; later versions use fastai's own.
    'autogluon.tabular.models.fastainn.fastai_helpers.TabularModel',
    ['fastai.tabular.model', 'TabularModel'],
  ],
]);

/** The name that a module of the package `fastai2` has today; other names are unchanged. */
export function renamedModule(module: string): string {
  if (!module.startsWith(BEFORE_RELEASE)) return module;
  const rest = module.slice(BEFORE_RELEASE.length);
  return rest === '' || rest.startsWith('.') ? `fastai${rest}` : module;
}

/** The module and name that a class or function has in its library today. */
export function fromRenamed(module: string, name: string): readonly [module: string, name: string] {
  const copied = module.startsWith('autogluon.') ? COPIES.get(`${module}.${name}`) : undefined;
  return copied ?? [renamedModule(module), name];
}
