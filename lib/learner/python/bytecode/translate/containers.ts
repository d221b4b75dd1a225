import type { Emit, OpsBeside } from '../emitter.js';

type BuildOp = OpsBeside<'build_tuple'>;
type AddOp = OpsBeside<'list_append'>;

const build =
  (op: BuildOp): Emit =>
  (to, arg) =>
    to.emit({ op, n: to.count(arg) });
const add =
  (op: AddOp): Emit =>
  (to, arg) => {
    if (arg === 0) throw to.raw.error('it adds an item to itself');
    to.emit({ op, n: to.count(arg) });
  };

const CONVERSIONS = ['', 's', 'r', 'a'] as const;

/** The loaded value is a method if the lowest bit is set; it is already bound here. */
const METHOD = { op: 'push_null' } as const;

export const containers: Record<string, Emit> = {
  BUILD_TUPLE: build('build_tuple'),
  BUILD_LIST: build('build_list'),
  BUILD_SET: build('build_set'),
  BUILD_MAP: (to, arg) => {
    to.count(2 * arg);
    to.emit({ op: 'build_map', n: arg });
  },
  BUILD_CONST_KEY_MAP: build('build_const_key_map'),
  BUILD_STRING: build('build_string'),
  BUILD_SLICE: (to, arg) => {
    if (arg !== 2 && arg !== 3) throw to.raw.error(`it makes a slice of ${arg} parts`);
    to.emit({ op: 'build_slice', n: arg });
  },
  BUILD_TUPLE_UNPACK: build('build_tuple_unpack'),
  BUILD_TUPLE_UNPACK_WITH_CALL: build('build_tuple_unpack'),
  BUILD_LIST_UNPACK: build('build_list_unpack'),
  BUILD_SET_UNPACK: build('build_set_unpack'),
  BUILD_MAP_UNPACK: build('build_map_unpack'),
  // A key may be in only one of them, as in dict_merge: the mappings are reversed because the first
  // has to be taken first.
  BUILD_MAP_UNPACK_WITH_CALL: (to, arg) => {
    const n = to.count(arg);
    to.emit({ op: 'build_map', n: 0 }, { op: 'rotate', n: n + 1 });
    for (let top = 1, bottom = n; top < bottom; top++, bottom--) {
      if (top > 1) to.emit({ op: 'swap', n: top });
      to.emit({ op: 'swap', n: bottom });
      if (top > 1) to.emit({ op: 'swap', n: top });
    }
    for (let left = n; left > 0; left--) to.emit({ op: 'dict_merge', n: left });
  },
  LIST_APPEND: add('list_append'),
  SET_ADD: add('set_add'),
  LIST_EXTEND: add('list_extend'),
  SET_UPDATE: add('set_update'),
  DICT_UPDATE: add('dict_update'),
  DICT_MERGE: add('dict_merge'),
  MAP_ADD: (to, arg) => {
    // Up to 3.7 the value was evaluated before the key.
    if (to.minor < 8) to.emit({ op: 'swap', n: 2 });
    add('map_add')(to, arg, undefined as never);
  },
  LIST_TO_TUPLE: (to) => to.emit({ op: 'list_to_tuple' }),
  UNPACK_SEQUENCE: (to, arg) => to.emit({ op: 'unpack_sequence', n: to.count(arg) }),
  UNPACK_EX: (to, arg) => {
    const [before, after] = [arg & 255, arg >> 8];
    to.count(before + after);
    to.emit({ op: 'unpack_ex', before, after });
  },

  LOAD_ATTR: (to, arg) => {
    if (to.minor < 12) return to.emit({ op: 'load_attr', name: to.name(arg) });
    to.emit({ op: 'load_attr', name: to.name(arg >> 1) });
    if (arg & 1) to.emit(METHOD);
  },
  LOAD_METHOD: (to, arg) => {
    to.emit({ op: 'load_attr', name: to.name(arg) });
    if (to.minor >= 11) to.emit(METHOD);
  },
  LOAD_SUPER_ATTR: (to, arg) => {
    to.emit({ op: 'load_super_attr', name: to.name(arg >> 2) });
    if (arg & 1) to.emit(METHOD);
  },
  LOAD_SPECIAL: (to, arg) => {
    const name = ['__enter__', '__exit__'][arg];
    if (name === undefined) to.unsupported('LOAD_SPECIAL of an async method');
    else to.emit({ op: 'load_special', name }, METHOD);
  },
  STORE_ATTR: (to, arg) => to.emit({ op: 'store_attr', name: to.name(arg) }),
  DELETE_ATTR: (to, arg) => to.emit({ op: 'delete_attr', name: to.name(arg) }),
  BINARY_SUBSCR: (to) => to.emit({ op: 'binary_subscr' }),
  STORE_SUBSCR: (to) => to.emit({ op: 'store_subscr' }),
  DELETE_SUBSCR: (to) => to.emit({ op: 'delete_subscr' }),
  BINARY_SLICE: (to) => to.emit({ op: 'binary_slice' }),
  STORE_SLICE: (to) => to.emit({ op: 'store_slice' }),

  FORMAT_VALUE: (to, arg) => {
    if (arg > 7) throw to.raw.error(`it formats a value with unknown flags (${arg})`);
    to.emit({ op: 'format_value', conversion: CONVERSIONS[arg & 3]!, spec: (arg & 4) !== 0 });
  },
  FORMAT_SIMPLE: (to) => to.emit({ op: 'format_value', conversion: '', spec: false }),
  FORMAT_WITH_SPEC: (to) => to.emit({ op: 'format_value', conversion: '', spec: true }),
  CONVERT_VALUE: (to, arg) => {
    const conversion = CONVERSIONS[arg];
    if (!conversion) throw to.raw.error(`it converts a value in an unknown way (${arg})`);
    to.emit({ op: 'convert_value', conversion });
  },
};
