import { asLibrary } from '../library-error.js';
import type { Context, Names } from '../../../python/context.js';
import { TYPES } from '../../../python/types.js';
import {
  Builtin,
  ClassValue,
  Dict,
  Instance,
  ModuleValue,
  type Native,
  type Value,
} from '../../../python/values.js';
import { arrayOf, ArrayValue } from '../numpy/array-value.js';
import type { Nd } from '../numpy/nd-array.js';
import { itemsOf, Settings } from './arguments.js';
import { KNOWN_CHANGES } from './albumentations-changes.js';

/** The values that a call changes, by name. */
type Data = ReadonlyMap<string, Value>;

const DEEPEST = 16;

/** Classes that contain others, and how many of the others run. */
const COMPOSITIONS: ReadonlyMap<string, { readonly p: number; readonly draws: boolean }> = new Map([
  ['Compose', { p: 1, draws: false }],
  ['ReplayCompose', { p: 1, draws: false }],
  ['Sequential', { p: 0.5, draws: false }],
  ['OneOf', { p: 0.5, draws: true }],
  ['OneOrOther', { p: 0.5, draws: true }],
  ['SomeOf', { p: 1, draws: true }],
  ['RandomOrder', { p: 1, draws: true }],
]);

/** `aug(image=array)`, also for a single transform. */
const call: Native = (ctx, [self = null, ...args], kwargs) => {
  if (args.length > 0) {
    throw ctx.raise(
      'KeyError',
      'You have to pass data to augmentations as named arguments, for example: aug(image=image)',
    );
  }
  const given = new Map<string, Value>();
  for (const [name, value] of kwargs) {
    if (name !== 'image' && name !== 'mask') {
      throw ctx.unsupported(`albumentations called with "${name}" is not supported`);
    }
    given.set(name, value instanceof ArrayValue ? value : notAnArray(ctx, name));
  }
  const made = asLibrary(ctx, () => applied(ctx, self, given, false, 0));
  const dict = new Dict();
  for (const [name, value] of made) dict.entries.set(ctx.keyOf(name), [name, value]);
  return dict;
};

function notAnArray(ctx: Context, name: string): never {
  throw ctx.raise('TypeError', `${name} must be numpy array type`);
}

function applied(ctx: Context, value: Value, data: Data, forced: boolean, depth: number): Data {
  ctx.budget.step();
  if (depth > DEEPEST) {
    throw ctx.unsupported(`albumentations nested more than ${DEEPEST} deep is not supported`);
  }
  if (!(value instanceof Instance)) {
    throw ctx.unsupported(`albumentations with a ${ctx.typeOf(value).name} among its transforms`);
  }
  const settings = new Settings(ctx, value);
  const { qualifiedName } = value.cls;
  // The user's own class may have the name of one of these.
  const name = qualifiedName.startsWith('albumentations.') ? value.cls.name : qualifiedName;
  const composition = COMPOSITIONS.get(name);
  const change = KNOWN_CHANGES.get(name);
  const p = forced ? 1 : settings.number('p', (composition ?? change)?.p ?? 0.5);
  const runs = p >= 1 || (!composition && settings.flag('always_apply'));
  if (!runs && p > 0 && name !== 'NoOp') throw random(settings, p);
  if (composition) return composed(settings, data, runs, composition.draws, depth);
  if (!runs || name === 'NoOp') return data;
  if (name === 'ToTensorV2') return toTensors(settings, data);
  if (!change) throw random(settings);
  return new Map(
    [...data].map(([key, array]): [string, Value] => {
      const how = key === 'image' ? change.image : change.mask;
      if (!how) return [key, array];
      return [key, new ArrayValue(how(pixelsOf(settings, array, key), settings))];
    }),
  );
}

const TYPES_OF_PIXELS: ReadonlySet<string> = new Set(['uint8', 'float32']);

function pixelsOf(settings: Settings, value: Value, key: string): Nd {
  const array = arrayOf(settings.ctx, value);
  const { ndim, dtype } = array;
  const isKnown = TYPES_OF_PIXELS.has(dtype) || (key === 'mask' && dtype === 'int32');
  if (ndim >= 2 && ndim <= 3 && isKnown) return array;
  throw settings.unsupported(
    `of a ${key} with ${ndim} dimensions and dtype ${dtype} is not supported`,
  );
}

/** Puts channels first for images, and for masks if the class requires it. */
function toTensors(settings: Settings, data: Data): Data {
  const { ctx } = settings;
  const make = ctx.resolve('torch.from_numpy') ?? null;
  return new Map(
    [...data].map(([key, value]): [string, Value] => {
      const array = pixelsOf(settings, value, key);
      const turns = array.ndim === 3 && (key === 'image' || settings.flag('transpose_mask'));
      const turned = turns ? array.transpose([2, 0, 1]) : array;
      const flat =
        key === 'image' && array.ndim === 2 ? array.reshape([1, ...array.shape]) : turned;
      return [key, ctx.call(make, [new ArrayValue(flat)])];
    }),
  );
}

function composed(
  settings: Settings,
  data: Data,
  runs: boolean,
  draws: boolean,
  depth: number,
): Data {
  const { ctx } = settings;
  const processors = settings.value('processors');
  if (processors instanceof Dict && processors.entries.size > 0) {
    throw settings.unsupported('with boxes or key points is not supported');
  }
  const members = membersOf(settings);
  if (draws) {
    if (!runs || members.length === 0) return data;
    if (members.length > 1 || settings.self.cls.name !== 'OneOf') throw random(settings);
    return applied(ctx, members[0]!, data, true, depth + 1);
  }
  return members
    .filter((member) => runs || alwaysRuns(ctx, member))
    .reduce<Data>((made, member) => applied(ctx, member, made, false, depth + 1), data);
}

/** `always_apply` of older versions takes precedence over the probability of the container. */
function alwaysRuns(ctx: Context, member: Value): boolean {
  return member instanceof Instance && new Settings(ctx, member).flag('always_apply');
}

/** The transforms of a composition: a list, or in older versions an object with a list. */
function membersOf(settings: Settings): readonly Value[] {
  const held = settings.value('transforms');
  const inner = held instanceof Instance ? settings.ctx.findAttr(held, 'transforms') : held;
  const items = itemsOf(inner);
  if (!items) throw settings.unread('transforms');
  return items.filter((item) => item !== null);
}

function random(settings: Settings, p?: number): Error {
  const chance = p === undefined ? '' : ` (p=${p})`;
  return settings.unsupported(
    `is random${chance} or has an unsupported option, and the code runs it at inference`,
  );
}

/** `A.Resize(height=224, width=224)` in given source. */
const construct: Native = (ctx, [self = null, ...args], kwargs) => {
  const cls = ctx.typeOf(self);
  const names = COMPOSITIONS.has(cls.name)
    ? ['transforms']
    : (KNOWN_CHANGES.get(cls.name)?.parameters.split(', ').filter(Boolean) ?? []);
  if (args.length > names.length && KNOWN_CHANGES.has(cls.name)) {
    throw ctx.unsupported(`${cls.qualifiedName} with that many positional arguments`);
  }
  args.forEach((value, i) => names[i] !== undefined && ctx.setAttr(self, names[i], value));
  for (const [name, value] of kwargs) ctx.setAttr(self, name, value);
  if (kwargs.get('bbox_params') || kwargs.get('keypoint_params')) {
    throw ctx.unsupported(`${cls.qualifiedName} with boxes or key points is not supported`);
  }
  return null;
};

/** Nested classes of older versions: only the value of a member is used. */
const member = (name: string): ClassValue =>
  new ClassValue(name, `albumentations.${name}`, [TYPES.object], [], {
    construct: (_ctx, _cls, [value = null]) => value,
  });

const CLASS = /^albumentations(?:\.[a-z]\w*)*\.([A-Z]\w*(?:\.PositionType)?)$/;
const MODULE = /^albumentations(?:\.[a-z]\w*)*$/;

/** albumentations' classes: objects in the file, and calls in given source. */
export function albumentationsNames(): Names {
  const made = new Map<string, ClassValue>();
  const classOf = (name: string): ClassValue => {
    let cls = made.get(name);
    if (!cls) {
      cls = name.endsWith('PositionType')
        ? member(name)
        : new ClassValue(
            name,
            `albumentations.${name}`,
            [TYPES.object],
            [
              ['__init__', new Builtin('__init__', construct, true)],
              ['__call__', new Builtin('__call__', call, true)],
              ...(name === 'PadIfNeeded'
                ? [['PositionType', member('PositionType')] as const]
                : []),
            ],
          );
      made.set(name, cls);
    }
    return cls;
  };
  return {
    resolve: (name) => {
      const cls = CLASS.exec(name)?.[1];
      if (cls !== undefined) return classOf(cls);
      return MODULE.test(name) ? new ModuleValue(name) : undefined;
    },
    isModule: (path) => MODULE.test(path),
  };
}
