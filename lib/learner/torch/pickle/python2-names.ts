/**
 * Protocols 0 to 2, which `torch.save` uses, use Python 2's names of the standard library; Python 3
 * translates them on loading. This list has only names that pickles of data and models contain.
 */
const MODULES: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
  ['exceptions', 'builtins'],
  ['cPickle', 'pickle'],
  ['commands', 'subprocess'],
  ['_abcoll', 'collections.abc'],
  ['UserDict', 'collections'],
  ['UserList', 'collections'],
  ['UserString', 'collections'],
  ['Queue', 'queue'],
  ['ConfigParser', 'configparser'],
  ['HTMLParser', 'html.parser'],
  ['StringIO', 'io'],
  ['cStringIO', 'io'],
  ['repr', 'reprlib'],
  ['thread', '_thread'],
  ['urlparse', 'urllib.parse'],
]);

const NAMES: ReadonlyMap<string, readonly [module: string, name: string]> = new Map([
  ['__builtin__.unicode', ['builtins', 'str']],
  ['__builtin__.basestring', ['builtins', 'str']],
  ['__builtin__.long', ['builtins', 'int']],
  ['__builtin__.unichr', ['builtins', 'chr']],
  ['__builtin__.xrange', ['builtins', 'range']],
  ['__builtin__.raw_input', ['builtins', 'input']],
  ['__builtin__.reduce', ['functools', 'reduce']],
  ['__builtin__.intern', ['sys', 'intern']],
  ['itertools.izip', ['builtins', 'zip']],
  ['itertools.imap', ['builtins', 'map']],
  ['itertools.ifilter', ['builtins', 'filter']],
  ['itertools.izip_longest', ['itertools', 'zip_longest']],
  ['itertools.ifilterfalse', ['itertools', 'filterfalse']],
  ['exceptions.StandardError', ['builtins', 'Exception']],
  ['UserDict.IterableUserDict', ['collections', 'UserDict']],
]);

/** The current module and name of a global that a pickle of protocol 0 to 2 names. */
export function fromPython2(module: string, name: string): readonly [module: string, name: string] {
  return NAMES.get(`${module}.${name}`) ?? [MODULES.get(module) ?? module, name];
}
