import { posix } from 'node:path';
import type { Context } from '../../../python/context.js';
import { HostObject, type BinaryOp, type CompareOp } from '../../../python/host.js';
import { TYPES } from '../../../python/types.js';
import { Builtin, ClassValue, Tuple, type Value } from '../../../python/values.js';

/** A path of pathlib, as the item of a learner: a name, behind which nothing is looked up. */
export class PathValue extends HostObject {
  override readonly typeName = 'PosixPath';
  static readonly type = new ClassValue('Path', 'pathlib.Path', [TYPES.object], [], {
    has: (value) => value instanceof PathValue,
    construct: (_ctx, _cls, args) => new PathValue(posix.join(...args.map(textOf))),
  });
  override readonly cls = PathValue.type;

  constructor(readonly path: string) {
    super();
  }

  override getAttr(name: string): Value | undefined {
    const { path } = this;
    const base = posix.basename(path);
    const dot = base.lastIndexOf('.');
    switch (name) {
      case 'name':
        return base;
      case 'suffix':
        return dot > 0 ? base.slice(dot) : '';
      case 'stem':
        return dot > 0 ? base.slice(0, dot) : base;
      case 'parent':
        return new PathValue(posix.dirname(path));
      case 'parts':
        return new Tuple([
          ...(path.startsWith('/') ? ['/'] : []),
          ...path.split('/').filter((part) => part !== ''),
        ]);
      case 'as_posix':
        return new Builtin('as_posix', () => path);
      case 'with_suffix':
        return new Builtin(name, (_ctx, [suffix = '']) => {
          const stem = path.slice(0, path.length - (dot > 0 ? base.length - dot : 0));
          return new PathValue(stem + textOf(suffix));
        });
      default:
        return undefined;
    }
  }

  override binary(
    op: BinaryOp,
    other: Value,
    { reflected }: { readonly reflected: boolean },
  ): Value | undefined {
    if (op !== '/' || (typeof other !== 'string' && !(other instanceof PathValue)))
      return undefined;
    const [first, second] = reflected ? [textOf(other), this.path] : [this.path, textOf(other)];
    return new PathValue(second.startsWith('/') ? second : posix.join(first, second));
  }

  override compare(op: CompareOp, other: Value): Value | undefined {
    if (!(other instanceof PathValue) || (op !== '==' && op !== '!=')) return undefined;
    return (other.path === this.path) === (op === '==');
  }

  override str(): string {
    return this.path;
  }

  override repr(_ctx: Context): string {
    return `PosixPath('${this.path}')`;
  }
}

function textOf(value: Value): string {
  return value instanceof PathValue ? value.path : typeof value === 'string' ? value : '';
}
