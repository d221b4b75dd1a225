import type { Context } from '../context.js';
import { HostObject, type BinaryOp, type CompareOp } from '../host.js';
import { TYPES } from '../types.js';
import { Builtin, ClassValue, MethodWrapper, Tuple, type Value } from '../values.js';
import { fn, nativeClass, refused } from '../builtins/define.js';
import { strRepr } from '../builtins/repr.js';
import { asStr } from '../builtins/unwrap.js';
import { namesOf } from './module-names.js';

// Paths are texts here: methods that use the file system are errors by name.

const root = (path: string): string =>
  /^\/\/(?!\/)/.test(path) ? '//' : path.startsWith('/') ? '/' : '';

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function normal(path: string): string {
  const parts = partsOf(path);
  return root(path) + parts.join('/') || '.';
}

/** `os.path.join`; `pathlib` joins the same. */
function join(first: string, ...rest: readonly string[]): string {
  return rest.reduce(
    (path, part) =>
      part.startsWith('/')
        ? part
        : path === '' || path.endsWith('/')
          ? path + part
          : `${path}/${part}`,
    first,
  );
}

/** The extension with its dot; leading dots of a name do not start an extension. */
function suffixOf(name: string): string {
  const at = name.lastIndexOf('.');
  return at <= 0 || at === name.length - 1 ? '' : name.slice(at);
}

const OUTSIDE = 'accesses the machine, which the code of a learner cannot do';

const METHODS = [
  'with_suffix',
  'with_name',
  'with_stem',
  'joinpath',
  'as_posix',
  'relative_to',
  'is_absolute',
  'is_relative_to',
];

/** `pathlib.Path`, as a text only. */
export class PathValue extends HostObject {
  override readonly typeName = 'PosixPath';
  override readonly cls = PATH;
  readonly path: string;

  static get type(): ClassValue {
    return PATH;
  }

  constructor(path: string) {
    super();
    this.path = normal(path);
  }

  get #name(): string {
    return partsOf(this.path).at(-1) ?? '';
  }

  get #parent(): PathValue {
    const parts = partsOf(this.path);
    return new PathValue(root(this.path) + parts.slice(0, -1).join('/'));
  }

  override getAttr(name: string, ctx: Context): Value | undefined {
    switch (name) {
      case 'name':
        return this.#name;
      case 'stem':
        return this.#name.slice(0, this.#name.length - suffixOf(this.#name).length);
      case 'suffix':
        return suffixOf(this.#name);
      case 'suffixes': {
        const points = this.#name.replace(/^\.+/, '').split('.').slice(1);
        const list = this.#name.endsWith('.') ? [] : points.map((part) => `.${part}`);
        return ctx.call(TYPES.list, [new Tuple(list)]);
      }
      case 'parent':
        return this.#parent;
      case 'parents': {
        const all: PathValue[] = [];
        for (let at: PathValue = this.#parent; ; at = at.#parent) {
          ctx.budget.step();
          if (all.at(-1)?.path === at.path || this.path === at.path) break;
          all.push(at);
        }
        return new Tuple(all);
      }
      case 'parts': {
        const start = root(this.path);
        return new Tuple([...(start === '' ? [] : [start]), ...partsOf(this.path)]);
      }
      case 'anchor':
      case 'root':
        return root(this.path);
      case 'drive':
        return '';
      default:
        if (METHODS.includes(name))
          return new Builtin(name, (inner, args) => this.#call(inner, name, args));
        if (ASKS.has(name)) return refused(`Path.${name}`, OUTSIDE);
        if (name === '__fspath__') return new Builtin(name, () => this.path);
        return undefined;
    }
  }

  #call(ctx: Context, name: string, args: readonly Value[]): Value {
    const texts = args.map((arg) => textOf(ctx, arg));
    const [text = ''] = texts;
    const stem = this.#name.slice(0, this.#name.length - suffixOf(this.#name).length);
    const renamed = (file: string): PathValue => {
      if (this.#name === '') throw ctx.raise('ValueError', `${this.repr()} has an empty name`);
      return new PathValue(join(this.#parent.path, file));
    };
    switch (name) {
      case 'as_posix':
        return this.path;
      case 'is_absolute':
        return root(this.path) !== '';
      case 'joinpath':
        return new PathValue(join(this.path, ...texts));
      case 'with_name':
        return renamed(text);
      case 'with_stem':
        return renamed(text + suffixOf(this.#name));
      case 'with_suffix':
        if (text !== '' && (!text.startsWith('.') || text === '.')) {
          throw ctx.raise('ValueError', `Invalid suffix ${strRepr(text)}`);
        }
        return renamed(stem + text);
      default: {
        const base = normal(join(text, ...texts.slice(1)));
        const inside =
          base === '.'
            ? root(this.path) === ''
            : this.path === base || this.path.startsWith(base.endsWith('/') ? base : `${base}/`);
        if (name === 'is_relative_to') return inside;
        if (!inside)
          throw ctx.raise(
            'ValueError',
            `${strRepr(this.path)} is not in the subpath of ${strRepr(base)}`,
          );
        return new PathValue(
          base === '.' ? this.path : this.path.slice(base.length).replace(/^\//, ''),
        );
      }
    }
  }

  override binary(
    op: BinaryOp,
    other: Value,
    { reflected }: { readonly reflected: boolean },
    ctx: Context,
  ): Value | undefined {
    const text = other instanceof PathValue ? other.path : asStr(other);
    if (op !== '/' || text === undefined) return undefined;
    ctx.budget.charge(text.length + this.path.length);
    return new PathValue(reflected ? join(text, this.path) : join(this.path, text));
  }

  override compare(op: CompareOp, other: Value, ctx: Context): Value | undefined {
    if (!(other instanceof PathValue)) return undefined;
    const parts = (path: string): Tuple => new Tuple([root(path), ...partsOf(path)]);
    return ctx.compare(op, parts(this.path), parts(other.path));
  }

  override str(): string {
    return this.path;
  }

  override repr(): string {
    return `PosixPath(${strRepr(this.path)})`;
  }
}

function textOf(ctx: Context, value: Value): string {
  const text = value instanceof PathValue ? value.path : asStr(value);
  if (text === undefined) {
    throw ctx.raise(
      'TypeError',
      `expected str, bytes or os.PathLike object, not ${ctx.typeOf(value).name}`,
    );
  }
  return text;
}

const FILE_SYSTEM =
  'exists is_file is_dir open read_text read_bytes write_text write_bytes glob rglob iterdir ls stat mkdir unlink resolve ' +
  'absolute expanduser samefile touch rename';

const PATH: ClassValue = nativeClass(
  'pathlib.Path',
  [TYPES.object],
  (ctx, _cls, args) =>
    new PathValue(
      args.length === 0 ? '.' : join(...(args.map((arg) => textOf(ctx, arg)) as [string])),
    ),
);
for (const name of ['cwd', 'home']) {
  PATH.attrs.set(name, new MethodWrapper('static', refused(`Path.${name}`, OUTSIDE)));
}
const ASKS: ReadonlySet<string> = new Set(FILE_SYSTEM.split(' '));

export const PATHLIB = namesOf([], {
  Path: PATH,
  PosixPath: PATH,
  PurePath: PATH,
  PurePosixPath: PATH,
});

const texts = (ctx: Context, args: readonly Value[]): string[] =>
  args.map((arg) => textOf(ctx, arg));

/** `os.path.split`. */
function splitPath(path: string): readonly [string, string] {
  const at = path.lastIndexOf('/') + 1;
  const head = path.slice(0, at);
  return [/^\/*$/.test(head) ? head : head.replace(/\/+$/, ''), path.slice(at)];
}

function splitExtension(path: string): readonly [string, string] {
  const [, name] = splitPath(path);
  const bare = name.replace(/^\.+/, '');
  const at = bare.lastIndexOf('.');
  const length = at < 0 ? 0 : bare.length - at;
  return [path.slice(0, path.length - length), path.slice(path.length - length)];
}

export const OS_PATH = namesOf(
  [
    new Builtin('join', (ctx, args) => {
      const joined = join(...(texts(ctx, args) as [string]));
      ctx.budget.charge(joined.length);
      return joined;
    }),
    fn('basename', 'p', (ctx, given) => splitPath(textOf(ctx, given.get('p')))[1]),
    fn('dirname', 'p', (ctx, given) => splitPath(textOf(ctx, given.get('p')))[0]),
    fn('split', 'p', (ctx, given) => new Tuple(splitPath(textOf(ctx, given.get('p'))))),
    fn('splitext', 'p', (ctx, given) => new Tuple(splitExtension(textOf(ctx, given.get('p'))))),
    fn('isabs', 's', (ctx, given) => textOf(ctx, given.get('s')).startsWith('/')),
  ],
  { sep: '/' },
);
