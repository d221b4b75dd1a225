import type { Context } from '../context.js';
import { TYPES } from '../types.js';
import {
  Builtin,
  ClassValue,
  Dict,
  Func,
  Instance,
  MethodWrapper,
  PropertyValue,
  Tuple,
  type Value,
} from '../values.js';
import { attribute, fn, method, refused } from '../builtins/define.js';
import { put } from '../builtins/dict-methods.js';
import { iterator } from '../builtins/iterators.js';
import { asStr } from '../builtins/unwrap.js';
import { namesOf } from './module-names.js';

const members = new WeakMap<ClassValue, Map<string, Instance>>();

/** The members by name, including aliases. */
function membersOf(cls: Value | undefined): Map<string, Instance> {
  return (cls instanceof ClassValue && members.get(cls)) || new Map<string, Instance>();
}

/** Without aliases. */
const unique = (cls: Value | undefined): Instance[] => [...new Set(membersOf(cls).values())];

const AUTO = new ClassValue('auto', 'enum.auto', [TYPES.object], [], {});

const own = (name: string, run: Builtin['call']): [string, Value] => [
  name,
  new Builtin(name, run, true),
];

const ENUM_META = new ClassValue(
  'EnumType',
  'enum.EnumType',
  [TYPES.type],
  [
    own('__iter__', (_ctx, [cls]) => iterator('iterator', unique(cls).values())),
    own('__len__', (_ctx, [cls]) => BigInt(unique(cls).length)),
    own('__contains__', (ctx, [cls, item = null]) =>
      unique(cls).some((one) => one === item || ctx.equal(valueOf(one), item)),
    ),
    own('__getitem__', (ctx, [cls, name = null]) => {
      const found = membersOf(cls).get(asStr(name) ?? '');
      if (!found) throw ctx.raise('KeyError', ctx.repr(name));
      return found;
    }),
    own('__call__', (ctx, [cls, value = null, ...rest]) => {
      if (rest.length > 0 || !(cls instanceof ClassValue) || unique(cls).length === 0) {
        throw ctx.unsupported('an Enum made by a call is not supported');
      }
      const found = unique(cls).find((one) => one === value || ctx.equal(valueOf(one), value));
      if (found) return found;
      const missing = cls.lookup('_missing_');
      const other = missing === undefined ? null : ctx.call(ctx.getAttr(cls, '_missing_'), [value]);
      if (other !== null) return other;
      throw ctx.raise('ValueError', `${ctx.repr(value)} is not a valid ${cls.name}`);
    }),
  ],
);

const valueOf = (member: Instance): Value => member.attrs.get('_value_') ?? null;

function isMember(name: string, value: Value): boolean {
  if (/^_.*_$|^__/.test(name) || name === '_ignore_') return false;
  return !(
    value instanceof Func ||
    value instanceof PropertyValue ||
    value instanceof MethodWrapper ||
    value instanceof ClassValue ||
    value instanceof Builtin
  );
}

/** Makes the members of a class that derives from Enum. */
function subclassed(ctx: Context, cls: ClassValue): void {
  const made = new Map<string, Instance>();
  const init = cls.lookup('__init__');
  let last: Value = 0n;
  for (const [name, given] of cls.attrs) {
    if (!isMember(name, given)) continue;
    ctx.budget.charge(5);
    let value = given;
    if (given instanceof Instance && given.cls === AUTO) {
      value = cls.isSubclassOf(TYPES.str) ? name.toLowerCase() : ctx.binary('+', last, 1n);
    }
    last = typeof value === 'bigint' ? value : last;
    const known = [...made.values()].find((one) => ctx.equal(valueOf(one), value));
    const member = known ?? new Instance(cls);
    if (!known) {
      member.attrs.set('_name_', name);
      member.attrs.set('_value_', value);
      if (cls.isSubclassOf(TYPES.int) || cls.isSubclassOf(TYPES.str)) member.payload = value;
      if (init instanceof Func) {
        const args = value instanceof Tuple ? value.items : [value];
        ctx.call(init, [member, ...args]);
      }
    }
    made.set(name, member);
    cls.attrs.set(name, member);
  }
  members.set(cls, made);
}

const text = (self: Value): string => {
  const member = self as Instance;
  return `${member.cls.name}.${String(member.attrs.get('_name_'))}`;
};

function enumeration(name: string, bases: readonly ClassValue[]): ClassValue {
  const cls = new ClassValue(name, `enum.${name}`, bases, [], { subclassed });
  cls.metaclass = ENUM_META;
  return cls;
}

const ENUM = enumeration('Enum', [TYPES.object]);
ENUM.attrs.set(
  'name',
  attribute('name', (self) => (self as Instance).attrs.get('_name_') ?? null),
);
ENUM.attrs.set(
  'value',
  attribute('value', (self) => valueOf(self as Instance)),
);
ENUM.attrs.set(
  '__str__',
  method('__str__', '', (_ctx, self) => text(self)),
);
ENUM.attrs.set(
  '__repr__',
  method('__repr__', '', (ctx, self) => `<${text(self)}: ${ctx.repr(valueOf(self as Instance))}>`),
);
ENUM.attrs.set(
  '__members__',
  new MethodWrapper(
    'class',
    new Builtin('__members__', (ctx, [cls]) => {
      const dict = new Dict();
      for (const [name, member] of membersOf(cls)) put(ctx, dict, name, member);
      return dict;
    }),
  ),
);

const plainText = method('__str__', '', (ctx, self) => ctx.str(valueOf(self as Instance)));
const INT_ENUM = enumeration('IntEnum', [TYPES.int, ENUM]);
const STR_ENUM = enumeration('StrEnum', [TYPES.str, ENUM]);
for (const cls of [INT_ENUM, STR_ENUM]) {
  cls.attrs.set('__str__', plainText);
  cls.attrs.set('__repr__', ENUM.attrs.get('__repr__') ?? null);
}

if (AUTO.native) AUTO.native.construct = () => new Instance(AUTO);

export const ENUMS = namesOf(
  [
    fn('unique', 'enumeration', (_ctx, given) => given.get('enumeration')),
    refused('enum.Flag', 'is not supported'),
    refused('enum.IntFlag', 'is not supported'),
  ],
  {
    Enum: ENUM,
    IntEnum: INT_ENUM,
    StrEnum: STR_ENUM,
    EnumMeta: ENUM_META,
    EnumType: ENUM_META,
    auto: AUTO,
  },
);
