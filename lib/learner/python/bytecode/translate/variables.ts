import type { Emit, Emitter, OpsBeside } from '../emitter.js';

type NameOp = OpsBeside<'load_name'>;
type FastOp = OpsBeside<'load_fast'>;
type DerefOp = OpsBeside<'load_deref'>;

const named =
  (op: NameOp): Emit =>
  (to, arg) =>
    to.emit({ op, name: to.name(arg) });
const fast =
  (op: FastOp): Emit =>
  (to, arg) =>
    to.emit({ op, slot: to.slot(arg) });
const deref =
  (op: DerefOp): Emit =>
  (to, arg) =>
    to.emit({ op, slot: to.cellSlot(arg) });

/** Two variables of four bits each. */
const pair =
  (first: FastOp, second: FastOp): Emit =>
  (to, arg) => {
    if (arg > 255) throw to.raw.error('an instruction with two variables has more than 8 bits');
    to.emit({ op: first, slot: to.slot(arg >> 4) }, { op: second, slot: to.slot(arg & 15) });
  };

/** Python calls the values that 3.14 loads this way "common constants". */
const COMMON_CONSTANTS = ['AssertionError', 'NotImplementedError', 'tuple', 'all', 'any'];

export const variables: Record<string, Emit> = {
  LOAD_CONST: (to, arg) => to.pushConstant(arg),
  LOAD_SMALL_INT: (to, arg) => to.emit({ op: 'const', value: BigInt(arg) }),
  LOAD_COMMON_CONSTANT: (to, arg) => {
    const name = COMMON_CONSTANTS[arg];
    if (name === undefined) throw to.raw.error(`it uses common constant ${arg}`);
    to.emit({ op: 'load_builtin', name });
  },
  LOAD_ASSERTION_ERROR: (to) => to.emit({ op: 'load_builtin', name: 'AssertionError' }),
  LOAD_FAST: fast('load_fast'),
  LOAD_FAST_CHECK: fast('load_fast'),
  LOAD_FAST_BORROW: fast('load_fast'),
  STORE_FAST: fast('store_fast'),
  DELETE_FAST: fast('delete_fast'),
  LOAD_FAST_AND_CLEAR: (to, arg) => to.emit({ op: 'load_fast_and_clear', slot: to.slot(arg) }),
  LOAD_FAST_LOAD_FAST: pair('load_fast', 'load_fast'),
  LOAD_FAST_BORROW_LOAD_FAST_BORROW: pair('load_fast', 'load_fast'),
  STORE_FAST_LOAD_FAST: pair('store_fast', 'load_fast'),
  STORE_FAST_STORE_FAST: pair('store_fast', 'store_fast'),
  MAKE_CELL: (to, arg) => to.emit({ op: 'make_cell', slot: to.slot(arg) }),
  // The evaluator puts the closure's cells into their slots when it makes the frame.
  COPY_FREE_VARS: (to, arg) => {
    if (arg !== to.raw.freeVars.length)
      throw to.raw.error(`it does not have ${arg} free variables`);
    to.emit({ op: 'nop' });
  },
  LOAD_CLOSURE: (to, arg) => to.emit({ op: 'load_closure', slot: to.cellSlot(arg) }),
  LOAD_DEREF: deref('load_deref'),
  STORE_DEREF: deref('store_deref'),
  DELETE_DEREF: deref('delete_deref'),
  LOAD_CLASSDEREF: (to, arg) => to.emit({ op: 'load_classderef', ...nameAndSlot(to, arg) }),
  LOAD_FROM_DICT_OR_DEREF: (to, arg) =>
    to.emit({ op: 'load_from_dict_or_deref', ...nameAndSlot(to, arg) }),
  LOAD_FROM_DICT_OR_GLOBALS: named('load_from_dict_or_globals'),
  LOAD_GLOBAL: (to, arg) => {
    if (to.minor < 11) return to.emit({ op: 'load_global', name: to.name(arg) });
    const load = { op: 'load_global', name: to.name(arg >> 1) } as const;
    if (!(arg & 1)) to.emit(load);
    else if (to.minor < 13) to.emit({ op: 'push_null' }, load);
    else to.emit(load, { op: 'push_null' });
  },
  STORE_GLOBAL: named('store_global'),
  DELETE_GLOBAL: named('delete_global'),
  LOAD_NAME: named('load_name'),
  STORE_NAME: named('store_name'),
  DELETE_NAME: named('delete_name'),
};

function nameAndSlot(to: Emitter, arg: number): { readonly slot: number; readonly name: string } {
  const { freeVars, cellVars, varNames } = to.raw;
  const slot = to.cellSlot(arg);
  const locals = [...varNames, ...cellVars.filter((name) => !varNames.includes(name))];
  return { slot, name: locals[slot] ?? freeVars[slot - locals.length]! };
}
