import type { Emit, Emitter } from '../emitter.js';

/** The supported unary intrinsics of 3.12 and later, by number. */
const INTRINSICS: Record<number, (to: Emitter) => void> = {
  2: (to) => to.emit({ op: 'import_star' }, { op: 'const', value: null }),
  // The evaluator itself turns a generator's StopIteration into a RuntimeError.
  3: (to) => to.emit({ op: 'nop' }),
  5: (to) => to.emit({ op: 'unary', operator: '+' }),
  6: (to) => to.emit({ op: 'list_to_tuple' }),
};

const FUNCTION_ATTRIBUTES = new Map([
  [1, 'defaults'],
  [2, 'kwDefaults'],
  [4, 'annotations'],
  [8, 'closure'],
  [16, 'annotate'],
] as const);

const plainCall: Emit = (to, arg) => to.emit({ op: 'call', n: to.count(arg) });

export const calls: Record<string, Emit> = {
  PUSH_NULL: (to) => to.emit({ op: 'push_null' }),
  PRECALL: (to) => to.emit({ op: 'nop' }),
  KW_NAMES: (to, arg) => {
    to.keywordNames = to.texts(arg);
    to.emit({ op: 'nop' });
  },
  CALL: (to, arg) => {
    const names = to.keywordNames;
    to.keywordNames = [];
    if (names.length > arg) throw to.raw.error('a call has more names than arguments');
    to.emit({ op: 'call_slots', n: to.count(arg), names });
  },
  CALL_KW: (to, arg) => to.emit({ op: 'call_slots_kw', n: to.count(arg) }),
  CALL_FUNCTION: plainCall,
  CALL_METHOD: plainCall,
  CALL_FUNCTION_KW: (to, arg) => to.emit({ op: 'call_kw', n: to.count(arg) }),
  CALL_FUNCTION_EX: (to, arg) => {
    const kwargs = to.minor >= 14 || (arg & 1) === 1;
    to.emit({ op: to.minor < 11 ? 'call_ex' : 'call_slots_ex', kwargs });
  },
  CALL_INTRINSIC_1: (to, arg) => {
    const emit = Object.hasOwn(INTRINSICS, arg) ? INTRINSICS[arg] : undefined;
    if (emit) emit(to);
    else to.unsupported(`CALL_INTRINSIC_1 ${arg}`);
  },
  MAKE_FUNCTION: (to, arg) => {
    const before = to.minor < 13 ? arg : 0;
    if (before > 15) throw to.raw.error(`it makes a function with unknown flags (${arg})`);
    to.emit({
      op: 'make_function',
      defaults: (before & 1) !== 0,
      kwDefaults: (before & 2) !== 0,
      annotations: (before & 4) !== 0,
      closure: (before & 8) !== 0,
      qualname: to.minor < 11,
    });
  },
  SET_FUNCTION_ATTRIBUTE: (to, arg) => {
    const attribute = FUNCTION_ATTRIBUTES.get(arg as 1);
    if (!attribute) throw to.raw.error(`it sets an unknown function attribute (${arg})`);
    to.emit({ op: 'set_function_attribute', attribute });
  },
  LOAD_BUILD_CLASS: (to) => to.emit({ op: 'load_build_class' }),
  LOAD_LOCALS: (to) => to.emit({ op: 'load_locals' }),
  SETUP_ANNOTATIONS: (to) => to.emit({ op: 'setup_annotations' }),
  IMPORT_NAME: (to, arg) => to.emit({ op: 'import_name', name: to.name(arg) }),
  IMPORT_FROM: (to, arg) => to.emit({ op: 'import_from', name: to.name(arg) }),
  IMPORT_STAR: (to) => to.emit({ op: 'import_star' }),
};
