import type { Context } from '../context.js';
import { HostObject, type BinaryOp } from '../host.js';
import { TYPES } from '../types.js';
import { Builtin, ClassValue, MethodWrapper, type Value } from '../values.js';
import { fn } from '../builtins/define.js';
import { NAMED_TUPLE } from './named-tuple.js';
import { namesOf, type ModuleNames } from './module-names.js';

/** A name of `typing`, which informs people and does nothing. */
class TypingName extends HostObject {
  override readonly typeName = '_GenericAlias';

  constructor(private readonly name: string) {
    super();
  }

  override getItem(): Value {
    return this;
  }

  override call(): Value {
    return this;
  }

  override binary(op: BinaryOp): Value | undefined {
    return op === '|' ? this : undefined;
  }

  override getAttr(name: string): Value | undefined {
    return name === '__name__' ? this.name : undefined;
  }

  override repr(): string {
    return `typing.${this.name}`;
  }
}

/** A base class for classes of the code, with or without parameters in brackets. */
export function base(name: string, module = 'typing'): ClassValue {
  const cls = new ClassValue(name, `${module}.${name}`, [TYPES.object], [], {});
  cls.attrs.set('__class_getitem__', SUBSCRIPT);
  return cls;
}

const SUBSCRIPT = new MethodWrapper(
  'class',
  new Builtin('__class_getitem__', (_ctx: Context, [cls = null]) => cls),
);

// `list[int]` is equivalent to `list` for tracing.
for (const cls of [TYPES.list, TYPES.dict, TYPES.tuple, TYPES.set, TYPES.frozenset, TYPES.type]) {
  cls.attrs.set('__class_getitem__', SUBSCRIPT);
}

const NAMES = (
  'Any Union Optional List Dict Tuple Set FrozenSet Type Callable Iterable Iterator Sequence Mapping ' +
  'MutableMapping MutableSequence Collection Container Hashable Sized Generator AnyStr Text Literal ' +
  'Final ClassVar TypeVar TypeAlias Annotated NoReturn Never Self Deque DefaultDict OrderedDict ' +
  'Counter ParamSpec Concatenate TypeGuard Unpack TypeVarTuple NewType Awaitable Coroutine SupportsInt ' +
  'SupportsFloat SupportsIndex Pattern Match IO TextIO BinaryIO Required NotRequired LiteralString'
).split(' ');

const same = (name: string): Builtin => new Builtin(name, (_ctx, [value = null]) => value);

export const TYPING: ModuleNames = namesOf(
  [
    fn('cast', 'typ, val', (_ctx, given) => given.get('val')),
    ...['overload', 'final', 'no_type_check', 'runtime_checkable', 'override'].map(same),
    fn('NewType', 'name, tp', (_ctx, given) => same(given.str('name'))),
    new Builtin('get_type_hints', (ctx) => {
      throw ctx.unknown('typing.get_type_hints');
    }),
  ],
  {
    ...Object.fromEntries(
      NAMES.filter((name) => name !== 'NewType').map((name) => [name, new TypingName(name)]),
    ),
    Generic: base('Generic'),
    Protocol: base('Protocol'),
    NamedTuple: NAMED_TUPLE,
    TYPE_CHECKING: false,
  },
);
