import type { BinaryOp, CompareOp, UnaryOp } from './host.js';
import type { Value } from './values.js';

/**
 * One instruction of the normalized set: CPython's instructions without the differences between 3.7
 * and 3.14. Both front ends (bytecode/, source/) make only these.
 *
 * The stack also holds cells, code and NULL. `target`s are indices into `Code.instructions`; slots
 * are indices into `Code.slotNames`. In comments the top of the stack is on the right.
 */
export type Instruction =
  // Stack
  | { readonly op: 'nop' | 'pop' | 'push_null' }
  /** Pushes a copy of the n-th value from the top; 1 is the top. */
  | { readonly op: 'copy'; readonly n: number }
  /** Swaps the top and the n-th value from the top; 2 is below the top. */
  | { readonly op: 'swap'; readonly n: number }
  /** Moves the top below the n - 1 values under it (ROT_TWO is 2, ROT_THREE 3). */
  | { readonly op: 'rotate'; readonly n: number }
  | { readonly op: 'const'; readonly value: Value }
  | { readonly op: 'code'; readonly code: Code }
  // Variables. A slot holds a value, or a cell after `make_cell`; the cells of a function's closure
  // are put into its last `freeCount` slots when it is called.
  | { readonly op: 'load_fast' | 'store_fast' | 'delete_fast'; readonly slot: number }
  /**
   * Pushes the content of the slot (a value, a cell or NULL) and empties the slot; `store_fast`
   * restores it.
   */
  | { readonly op: 'load_fast_and_clear'; readonly slot: number }
  | { readonly op: 'make_cell'; readonly slot: number }
  | { readonly op: 'load_deref' | 'store_deref' | 'delete_deref'; readonly slot: number }
  /** Pushes the cell itself. */
  | { readonly op: 'load_closure'; readonly slot: number }
  /** In class bodies: the name in the locals, otherwise the cell. */
  | { readonly op: 'load_classderef'; readonly slot: number; readonly name: string }
  | {
      readonly op:
        | 'load_global'
        | 'store_global'
        | 'delete_global'
        | 'load_name'
        | 'store_name'
        | 'delete_name'
        // ..., mapping -> value
        | 'load_from_dict_or_globals';
      readonly name: string;
    }
  /** mapping -> value */
  | { readonly op: 'load_from_dict_or_deref'; readonly slot: number; readonly name: string }
  | { readonly op: 'load_locals' | 'load_build_class' | 'setup_annotations' }
  /** A builtin by name, regardless of the globals: AssertionError, NotImplementedError, all... */
  | { readonly op: 'load_builtin'; readonly name: string }
  // Attributes and items
  | { readonly op: 'load_attr' | 'delete_attr'; readonly name: string }
  /** value, object -> */
  | { readonly op: 'store_attr'; readonly name: string }
  /** super, class, self -> attribute */
  | { readonly op: 'load_super_attr'; readonly name: string }
  /** object -> method, of the type: `__enter__`, `__exit__` (3.14). Pushes it bound. */
  | { readonly op: 'load_special'; readonly name: string }
  /** object, key -> value */
  | { readonly op: 'binary_subscr' }
  /** value, object, key -> */
  | { readonly op: 'store_subscr' }
  /** object, key -> */
  | { readonly op: 'delete_subscr' }
  /** object, start, stop -> value */
  | { readonly op: 'binary_slice' }
  /** value, object, start, stop -> */
  | { readonly op: 'store_slice' }
  // Operators
  | { readonly op: 'binary'; readonly operator: BinaryOp; readonly inPlace: boolean }
  | { readonly op: 'unary'; readonly operator: UnaryOp }
  | { readonly op: 'not' | 'to_bool' }
  | { readonly op: 'compare'; readonly operator: CompareOp }
  | { readonly op: 'is' | 'contains'; readonly invert: boolean }
  // Building
  | {
      readonly op:
        | 'build_tuple'
        | 'build_list'
        | 'build_set'
        /** key, value, key, value... */
        | 'build_map'
        /** values, tuple of keys */
        | 'build_const_key_map'
        | 'build_string'
        /** 2: start, stop; 3: with step */
        | 'build_slice'
        // The iterables or mappings on the stack, joined (up to 3.8).
        | 'build_tuple_unpack'
        | 'build_list_unpack'
        | 'build_set_unpack'
        | 'build_map_unpack';
      readonly n: number;
    }
  /** container, ..., item -> container, ...; the container is the n-th from the top without item. */
  | {
      readonly op:
        | 'list_append'
        | 'set_add'
        | 'list_extend'
        | 'set_update'
        | 'dict_update'
        /** Like dict_update, but no key may already exist. */
        | 'dict_merge'
        /** ..., key, value -> ... */
        | 'map_add';
      readonly n: number;
    }
  | { readonly op: 'list_to_tuple' }
  | { readonly op: 'unpack_sequence'; readonly n: number }
  /** The values before and after a starred one; the first ends on top. */
  | { readonly op: 'unpack_ex'; readonly before: number; readonly after: number }
  /** value[, spec] -> text */
  | {
      readonly op: 'format_value';
      readonly conversion: '' | 's' | 'r' | 'a';
      readonly spec: boolean;
    }
  | { readonly op: 'convert_value'; readonly conversion: 's' | 'r' | 'a' }
  // Calls
  /** callable, n arguments -> result */
  | { readonly op: 'call'; readonly n: number }
  /** callable, n arguments, tuple of the names of the last -> result */
  | { readonly op: 'call_kw'; readonly n: number }
  /** callable, args[, kwargs] -> result */
  | { readonly op: 'call_ex'; readonly kwargs: boolean }
  /**
   * first, second, n arguments -> result. If one of the two is NULL, the other is called; otherwise
   * `first` is called with `second` as its first argument. `names` are those of the last arguments.
   */
  | { readonly op: 'call_slots'; readonly n: number; readonly names: readonly string[] }
  /** Like `call_kw`, with two slots and the tuple of names on top. */
  | { readonly op: 'call_slots_kw'; readonly n: number }
  /** first, second, args[, kwargs or NULL] -> result */
  | { readonly op: 'call_slots_ex'; readonly kwargs: boolean }
  // Functions and classes
  /** [tuple of defaults,] [kwdefaults,] [annotations,] [closure,] code [, qualname] -> function */
  | {
      readonly op: 'make_function';
      readonly defaults: boolean;
      readonly kwDefaults: boolean;
      readonly annotations: boolean;
      readonly closure: boolean;
      readonly qualname: boolean;
    }
  /** attribute, function -> function (3.13) */
  | {
      readonly op: 'set_function_attribute';
      readonly attribute: 'defaults' | 'kwDefaults' | 'annotations' | 'closure' | 'annotate';
    }
  /** level, names -> module */
  | { readonly op: 'import_name'; readonly name: string }
  /** module -> module, value */
  | { readonly op: 'import_from'; readonly name: string }
  | { readonly op: 'import_star' }
  // Jumps
  | { readonly op: 'jump'; readonly target: number }
  | {
      readonly op: 'pop_jump_if';
      readonly when: 'true' | 'false' | 'none' | 'not_none';
      readonly target: number;
    }
  | { readonly op: 'jump_if_or_pop'; readonly when: boolean; readonly target: number }
  // Iteration and generators
  | { readonly op: 'get_iter' | 'get_yield_from_iter' }
  /** iterator -> iterator, item; at the end the iterator is popped and the jump taken */
  | { readonly op: 'for_iter'; readonly target: number }
  /** value -> what is sent */
  | { readonly op: 'yield_value' }
  /** iterator, value -> result, when it has ended (up to 3.10) */
  | { readonly op: 'yield_from' }
  /** iterator, value -> iterator, item; at the end: iterator, result, and the jump is taken */
  | { readonly op: 'send'; readonly target: number }
  /** iterator, value -> value */
  | { readonly op: 'end_send' }
  | { readonly op: 'return_value' }
  // Exceptions: `Code.handlers` (3.11 and later, and source)
  /** exception -> previous exception, exception; it becomes the current one */
  | { readonly op: 'push_exc_info' }
  /** previous exception -> ; it becomes the current one again */
  | { readonly op: 'pop_except' }
  /** exception, class -> exception, whether it is an instance */
  | { readonly op: 'check_exc_match' }
  /** [position,] exception -> raised again; drops `keeps` values below */
  | { readonly op: 'reraise'; readonly keeps: number }
  /** 0: the current exception; 1: exception; 2: exception, cause */
  | { readonly op: 'raise'; readonly n: number }
  /** manager -> exit, result of enter */
  | { readonly op: 'before_with' }
  /**
   * exit, lasti, previous exception, exception -> the same, and exit(type, exception, None). `exit`
   * is a bound method, `depth` values from the top (4 in 3.11 to 3.13, 5 in 3.14).
   */
  | { readonly op: 'with_except_start'; readonly depth: number }
  | { readonly op: 'cleanup_throw' }
  // Exceptions: the block stack (3.7 to 3.10), with CPython's own meaning
  | {
      readonly op:
        | 'setup_finally'
        /** 3.7: the block of `except`; `return` skips it, but stops at the others. */
        | 'setup_except'
        | 'setup_with'
        | 'setup_loop'
        | 'call_finally'
        | 'continue_loop';
      readonly target: number;
    }
  | {
      readonly op:
        | 'pop_block'
        | 'pop_except_block'
        | 'begin_finally'
        | 'end_finally'
        | 'with_cleanup_start'
        | 'with_cleanup_finish'
        | 'with_except_start_block'
        | 'reraise_block'
        | 'break_loop';
    }
  | { readonly op: 'pop_finally'; readonly keepsTop: boolean }
  /** Up to 3.10: exception, class -> ; jumps if it is not an instance */
  | { readonly op: 'jump_if_not_exc_match'; readonly target: number }
  // Patterns
  | { readonly op: 'get_len' | 'match_mapping' | 'match_sequence' | 'match_keys' }
  | { readonly op: 'match_class'; readonly n: number }
  /** An unsupported instruction (async, templates): an error when it is reached. */
  | { readonly op: 'unsupported'; readonly name: string };

/** Guards the instructions from start to end (exclusive). */
export interface Handler {
  readonly start: number;
  readonly end: number;
  readonly target: number;
  /** How many values stay on the stack. */
  readonly depth: number;
  /** Whether the position is pushed before the exception. */
  readonly lasti: boolean;
}

/** A function's code, a class body's or a file's. It may be decoded on first use. */
export interface Code {
  readonly name: string;
  /** `Net.forward`; the same as `name` if the version of Python does not store it. */
  readonly qualname: string;
  /** Its docstring. */
  readonly doc?: string | undefined;
  /** The file or cell, for people. */
  readonly fileName: string;
  readonly firstLine: number;
  /** Positional parameters, including positional-only ones. */
  readonly argCount: number;
  readonly posOnlyCount: number;
  readonly kwOnlyCount: number;
  readonly hasVarArgs: boolean;
  readonly hasVarKwargs: boolean;
  /**
   * A call makes a generator, which starts with an empty stack: RETURN_GENERATOR and its POP_TOP,
   * GEN_START and the conversion of a StopIteration are not instructions.
   */
  readonly isGenerator: boolean;
  /** Coroutines and asynchronous generators are refused when they are called. */
  readonly isAsync: boolean;
  /** Whether it is a function, whose locals are slots; class bodies and files use names. */
  readonly isFunction: boolean;
  /**
   * Parameters (positional, keyword only, *args, **kwargs), other locals, cells, and last the
   * variables of enclosing functions.
   */
  readonly slotNames: readonly string[];
  /** How many of the last slots are variables of enclosing functions. */
  readonly freeCount: number;
  /** @throws UnreadableCodeError */
  readonly instructions: readonly Instruction[];
  /** The line of each instruction; 0 if it is unknown. */
  readonly lines: readonly number[];
  /** The first guard that contains an instruction is its handler. */
  readonly handlers: readonly Handler[];
}
