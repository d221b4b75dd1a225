import type { PyGlobal } from '../../learner/torch/python.js';

/**
 * What Python's unpickling could do with a name. Here nothing is ever looked up or called; this is
 * for those who open the same file in Python.
 *
 * - `dangerous`: runs commands or code, or reaches files or the network.
 * - `code`: the file carries code of its own, which Python runs.
 * - `indirect`: reaches whatever its arguments name.
 * - `unknown`: of no library that learners are made of; the file does not hold it.
 */
export type GlobalRisk = 'dangerous' | 'code' | 'indirect' | 'unknown';

function words(...lines: string[]): Set<string> {
  return new Set(lines.flatMap((line) => line.split(' ')));
}

/** By the first part of the module. */
const DANGEROUS_MODULES = words(
  'os posix nt posixpath ntpath sys subprocess _posixsubprocess shutil socket _socket ssl pty tty',
  'importlib imp runpy pkgutil zipimport code codeop ctypes _ctypes cffi webbrowser commands platform',
  'pickle _pickle cPickle marshal shelve joblib multiprocessing _multiprocessing concurrent asyncio',
  'threading _thread signal atexit gc bdb pdb profile cProfile trace timeit doctest',
  'tempfile glob fileinput linecache io _io mmap sqlite3 urllib urllib2 urllib3 http httplib requests',
  'httpx aiohttp ftplib smtplib telnetlib xmlrpc paramiko pip setuptools distutils ensurepip venv',
  'IPython jupyter_client faulthandler antigravity idlelib',
);
const DANGEROUS_BUILTINS = words(
  'eval exec execfile compile __import__ open input breakpoint globals locals vars exit quit',
  'setattr delattr memoryview file apply reload',
);
const DANGEROUS_NAMES = words(
  'operator.methodcaller _operator.methodcaller types.CodeType types.FunctionType',
  'torch.load torch.jit.load torch.serialization.load torch.storage._load_from_bytes',
  'numpy.load numpy.lib.npyio.load numpy.testing._private.utils.runstring',
  'pandas.read_pickle pandas.io.pickle.read_pickle pandas.eval pandas.core.computation.eval.eval',
  'fastai.learner.load_learner fastcore.xtras.load_pickle fastcore.xtras.run',
);
/**
 * A number by which a notebook finds its output. It is in every learner that was trained in a
 * notebook.
 */
const HARMLESS = /^IPython\.(?:core\.)?display(?:_functions)?\.DisplayHandle$/;

const DANGEROUS = /^torch\.(?:hub|utils\.cpp_extension|distributed\.rpc)\./;

const CODE =
  /^(?:cloudpickle(?:\.\w+)*\.(?:_?make_(?:function|skel_func|skeleton_class|skeleton_enum)|_fill_function|subimport|dynamic_subimport)$|dill\.)/;

const INDIRECT = words(
  'builtins.getattr __builtin__.getattr builtins.map builtins.filter functools.reduce',
  '_functools.reduce operator.attrgetter operator.itemgetter _operator.attrgetter',
);

/** Libraries that learners use, by the first part of the module. */
const KNOWN = words(
  'torch torchvision fastai fastcore fasttransform fastprogress numpy pandas PIL spacy thinc srsly',
  'confection cymem preshed blis catalogue plum beartype builtins __builtin__ collections functools',
  'operator _operator itertools re _codecs copyreg copy_reg pathlib datetime decimal fractions uuid',
  'random inspect typing types enum dataclasses abc weakref math statistics string sentencepiece',
  'sklearn scipy timm kornia albumentations pyarrow dateutil pytz zoneinfo matplotlib tqdm cloudpickle',
  'imgaug fastxtend semtorch',
);

export function riskOf({ module, qualifiedName }: PyGlobal): GlobalRisk | undefined {
  if (HARMLESS.test(qualifiedName)) return undefined;
  const [root = ''] = module.split('.');
  const builtin = /^(?:builtins|__builtin__)\.(.*)/.exec(qualifiedName)?.[1] ?? '';
  if (
    DANGEROUS_MODULES.has(root) ||
    DANGEROUS_NAMES.has(qualifiedName) ||
    DANGEROUS_BUILTINS.has(builtin) ||
    DANGEROUS.test(qualifiedName)
  ) {
    return 'dangerous';
  }
  if (CODE.test(qualifiedName)) return 'code';
  if (INDIRECT.has(qualifiedName)) return 'indirect';
  return KNOWN.has(root) ? undefined : 'unknown';
}

/** Modules that were added or removed in a version of a library. */
const SIGNS: readonly (readonly [module: RegExp, library: string, version: string])[] = [
  [/^fasttransform\./, 'fastai', '2.8 or later'],
  [/^fastcore\.(?:transform|dispatch)$/, 'fastai', '2.7 or earlier'],
  [/^numpy\._core\./, 'numpy', '2 or later'],
  [/^numpy\.core\./, 'numpy', '1'],
  [/^torch\._tensor$/, 'torch', '1.9 or later'],
  [/^torch\.tensor$/, 'torch', '1.8 or earlier'],
];

/**
 * The versions that wrote a file. Exports do not contain them, but the names in the pickle show
 * them roughly.
 */
export function versionsOf(globals: readonly PyGlobal[]): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const [pattern, library, version] of SIGNS) {
    if (globals.some(({ module }) => pattern.test(module))) versions[library] ??= version;
  }
  return versions;
}
