import { copyFloats } from '../float-lists.js';
import {
  PyComplex,
  PyDict,
  PyObject,
  PyPartial,
  PyPath,
  PyRegex,
  PySet,
  PyTuple,
  type PyValue,
} from '../python.js';
import type { RebuildContext, RebuilderList } from '../pickle/rebuilder.js';

/** Calls of Python's standard library that become values. */
export const builtinRebuilders: RebuilderList = [
  ['builtins.set', (args, context) => rebuildSet(args, context)],
  ['builtins.frozenset', (args, context) => rebuildSet(args, context, true)],
  ['builtins.list', copyItems],
  ['builtins.tuple', rebuildTuple],
  ['builtins.dict', rebuildDict],
  ['builtins.complex', rebuildComplex],
  ['builtins.bytes', rebuildBytes],
  ['builtins.bytearray', rebuildBytes],
  ['_codecs.encode', rebuildEncoded],
  ['collections.OrderedDict', rebuildDict],
  ['collections.Counter', rebuildDict],
  ['collections.defaultdict', rebuildDefaultDict],
  ['re._compile', rebuildRegex],
  ['functools.partial', rebuildPartial],
  ...['pathlib', 'pathlib._local'].flatMap((module) =>
    ['Path', 'PosixPath', 'PurePath', 'PurePosixPath', 'WindowsPath', 'PureWindowsPath'].map(
      (name): RebuilderList[number] => [
        `${module}.${name}`,
        (args) => rebuildPath(args, name.includes('Windows')),
      ],
    ),
  ),
];

/** The items of the only argument if it is a plain container; undefined for anything else. */
function copyItems(args: readonly PyValue[], context: RebuildContext): PyValue[] | undefined {
  if (args.length === 0) return [];
  const [items] = args;
  const list = Array.isArray(items) ? items : items instanceof PySet ? items.items : undefined;
  if (args.length > 1 || !list) return undefined;
  context.charge(list.length);
  const copy = [...list];
  copyFloats(list, copy);
  return copy;
}

function rebuildTuple(args: readonly PyValue[], context: RebuildContext): PyTuple | undefined {
  const items = copyItems(args, context);
  if (!items) return undefined;
  const tuple = PyTuple.of_(items);
  copyFloats(items, tuple);
  return tuple;
}

function rebuildSet(
  args: readonly PyValue[],
  context: RebuildContext,
  frozen = false,
): PySet | undefined {
  const items = copyItems(args, context);
  return items && new PySet(items, frozen);
}

/** A dict from no argument, a dict, or pairs. */
function rebuildDict(args: readonly PyValue[], context: RebuildContext): PyDict | undefined {
  if (args.length === 0) return new PyDict();
  const [source] = args;
  if (args.length > 1) return undefined;
  if (source instanceof PyDict) {
    context.charge(source.size);
    return PyDict.from(source);
  }
  if (!Array.isArray(source)) return undefined;
  context.charge(source.length);
  const isPair = (item: PyValue): item is PyValue[] => Array.isArray(item) && item.length === 2;
  return source.every(isPair) ? PyDict.from(source as [PyValue, PyValue][]) : undefined;
}

function rebuildDefaultDict(args: readonly PyValue[], context: RebuildContext): PyDict | undefined {
  const [factory = null, ...rest] = args;
  const dict = rebuildDict(rest, context);
  if (dict) dict.defaultFactory = factory;
  return dict;
}

function rebuildComplex(args: readonly PyValue[]): PyComplex | undefined {
  const [real = 0, imag = 0] = args;
  return typeof real === 'number' && typeof imag === 'number'
    ? new PyComplex(real, imag)
    : undefined;
}

function rebuildBytes(args: readonly PyValue[], context: RebuildContext): Uint8Array | undefined {
  const [source, encoding] = args;
  if (source === undefined) return new Uint8Array();
  if (source instanceof Uint8Array) return source;
  if (typeof source === 'string') return rebuildEncoded([source, encoding ?? ''], context);
  if (!Array.isArray(source) || !source.every(isByte)) return undefined;
  context.charge(source.length);
  return Uint8Array.from(source);
}

function isByte(value: PyValue): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 256;
}

/** `_codecs.encode(text, 'latin1')`: how protocols 0 to 2 write bytes. */
function rebuildEncoded(args: readonly PyValue[], context: RebuildContext): Uint8Array | undefined {
  const [text, encoding = 'utf-8'] = args;
  if (typeof text !== 'string' || typeof encoding !== 'string') return undefined;
  const codec = encoding.toLowerCase().replace(/[^a-z0-9]/g, '');
  context.charge(text.length);
  if (codec === 'utf8') return new Uint8Array(Buffer.from(text, 'utf8'));
  const highest = codec === 'ascii' ? 0x7f : /^(latin1|iso88591)$/.test(codec) ? 0xff : -1;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > highest) return undefined;
    bytes[i] = code;
  }
  return bytes;
}

/** Patterns of bytes stay records: nothing here matches bytes. */
function rebuildRegex(args: readonly PyValue[]): PyRegex | undefined {
  const [pattern, flags = 0] = args;
  const bits = flags instanceof PyObject ? flags.args[0] : flags;
  return typeof pattern === 'string' && typeof bits === 'number'
    ? new PyRegex(pattern, bits)
    : undefined;
}

function rebuildPath(args: readonly PyValue[], windows: boolean): PyPath | undefined {
  const parts = args.map((part) => (part instanceof PyPath ? part.path : part));
  if (!parts.every((part) => typeof part === 'string')) return undefined;
  const separator = windows ? '\\' : '/';
  const root = windows ? /^([a-zA-Z]:)?[\\/]/ : /^\//;
  let path = '';
  for (const part of parts) {
    if (part === '') continue;
    // As pathlib joins: an absolute part discards the parts before it.
    if (path === '' || root.test(part)) path = part;
    else path += (path.endsWith(separator) ? '' : separator) + part;
  }
  return new PyPath(path === '' ? '.' : path, windows);
}

/** `partial(func)`, then the state `(func, args, keywords, attributes)`. */
function rebuildPartial(args: readonly PyValue[], context: RebuildContext): PyPartial | undefined {
  const [func, ...rest] = args;
  if (func === undefined) return undefined;
  const partial = new PyPartial(func, rest);
  copyFloats(args, rest, -1);
  context.onState(partial, (state) => {
    if (!Array.isArray(state)) return;
    const [function_, positional, named] = state;
    partial.func = function_ ?? func;
    partial.args = Array.isArray(positional) ? [...positional] : [];
    if (Array.isArray(positional)) copyFloats(positional, partial.args);
    partial.kwargs = named instanceof PyDict ? named : new PyDict();
  });
  return partial;
}
