import { TYPES, typeOf } from '../types.js';
import { Instance, type ClassValue, type Value } from '../values.js';
import { base } from './typing.js';
import type { ModuleNames } from './module-names.js';

const { iterator, generator, zip, map, filter, enumerate, reversed } = TYPES;
const ITERATORS = [iterator, generator, zip, map, filter, enumerate, reversed];
const { str, bytes, list, tuple, dict, set, frozenset, range } = TYPES;
const SIZED = [str, bytes, list, tuple, dict, set, frozenset, range];

interface Kind {
  readonly types: readonly ClassValue[];
  /** A class with all of these methods counts as a subclass, without deriving from it. */
  readonly methods?: readonly string[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  Iterable: { types: [...SIZED, ...ITERATORS], methods: ['__iter__'] },
  Iterator: { types: ITERATORS, methods: ['__iter__', '__next__'] },
  Generator: { types: [TYPES.generator] },
  Sized: { types: SIZED, methods: ['__len__'] },
  Container: { types: SIZED, methods: ['__contains__'] },
  Collection: { types: SIZED, methods: ['__len__', '__iter__', '__contains__'] },
  Sequence: { types: [TYPES.str, TYPES.bytes, TYPES.list, TYPES.tuple, TYPES.range] },
  MutableSequence: { types: [TYPES.list] },
  Mapping: { types: [TYPES.dict] },
  MutableMapping: { types: [TYPES.dict] },
  Set: { types: [TYPES.set, TYPES.frozenset] },
  MutableSet: { types: [TYPES.set] },
  Callable: {
    types: [TYPES.function, TYPES.builtin_function_or_method, TYPES.method, TYPES.type],
    methods: ['__call__'],
  },
};

function abstractClass(name: string, { types, methods }: Kind, module: string): ClassValue {
  const cls = base(name, module);
  if (cls.native) {
    cls.native.has = (value: Value) => {
      const own = typeOf(value);
      if (!own) return false;
      if (types.some((type) => own.isSubclassOf(type))) return true;
      return (
        value instanceof Instance &&
        methods !== undefined &&
        methods.every((method) => own.lookup(method) !== undefined)
      );
    };
  }
  return cls;
}

/** `collections.abc`. */
export const ABSTRACT: ModuleNames = new Map<string, Value>(
  Object.entries(KINDS).map(([name, kind]) => [name, abstractClass(name, kind, 'collections.abc')]),
);

const REAL: Kind = { types: [TYPES.int, TYPES.float] };

/** `numbers`. */
export const NUMBERS: ModuleNames = new Map<string, Value>([
  ['Number', abstractClass('Number', REAL, 'numbers')],
  ['Complex', abstractClass('Complex', REAL, 'numbers')],
  ['Real', abstractClass('Real', REAL, 'numbers')],
  ['Rational', abstractClass('Rational', { types: [TYPES.int] }, 'numbers')],
  ['Integral', abstractClass('Integral', { types: [TYPES.int] }, 'numbers')],
]);
