import { OptionDefaults } from 'typedoc';

/** The docstrings of rxjs link to its functions without an import. */
function linkRxjs(app) {
  app.converter.addUnknownSymbolResolver(({ symbolReference }) => {
    const name = symbolReference?.path?.[0]?.path;
    return RXJS.has(name) ? `https://rxjs.dev/api/index/function/${name}` : undefined;
  });
}

const RXJS = new Set([
  'firstValueFrom',
  'lastValueFrom',
  'take',
  'takeUntil',
  'takeWhile',
  'timeout',
]);

/** The reference of docs/reference, made of the public entry points. @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'nestjs-vts',
  entryPoints: [
    'lib/index.ts',
    'lib/learner/index.ts',
    'lib/serving/index.ts',
    'lib/client/index.ts',
    'lib/express.ts',
    'lib/runnable.ts',
  ],
  tsconfig: 'tsconfig.json',
  // `npm run typecheck` is for errors of types.
  skipErrorChecking: true,
  plugin: ['typedoc-plugin-markdown', linkRxjs],
  out: 'docs/reference',
  readme: 'none',
  modifierTags: [...OptionDefaults.modifierTags, '@publicApi'],
  excludeTags: ['@publicApi'],
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  entryFileName: 'index',
  // Parts of types that the page of the type explains.
  intentionallyNotExported: [
    'DATATYPES',
    'DTYPES',
    'DescriptorOrClass',
    'ElementName',
    'Elements',
    'InputOf',
    'ItemOf',
    'JsonValue',
    'MethodsOf',
    'Module',
    'NumberArray',
    'OptionalNames',
    'PartOfSample',
    'StreamedBy',
    'TensorLike',
  ],
  treatWarningsAsErrors: true,
};
