import type { Emit, OpsBeside } from '../emitter.js';

const block =
  (op: OpsBeside<'setup_finally'>): Emit =>
  (to, arg, unit) =>
    to.jump({ op }, to.forward(arg, unit));

const MATCHED = [
  { op: 'copy', n: 1 },
  { op: 'const', value: null },
  { op: 'is', invert: true },
] as const;

export const exceptions: Record<string, Emit> = {
  RAISE_VARARGS: (to, arg) => {
    if (arg > 2) throw to.raw.error(`it raises ${arg} values`);
    to.emit({ op: 'raise', n: arg });
  },
  PUSH_EXC_INFO: (to) => to.emit({ op: 'push_exc_info' }),
  POP_EXCEPT: (to) => to.emit({ op: to.minor < 11 ? 'pop_except_block' : 'pop_except' }),
  CHECK_EXC_MATCH: (to) => to.emit({ op: 'check_exc_match' }),
  RERAISE: (to, arg) =>
    to.emit(to.minor < 11 ? { op: 'reraise_block' } : { op: 'reraise', keeps: to.count(arg) }),
  BEFORE_WITH: (to) => to.emit({ op: 'before_with' }),
  WITH_EXCEPT_START: (to) =>
    to.emit(
      to.minor < 11
        ? { op: 'with_except_start_block' }
        : { op: 'with_except_start', depth: to.minor < 14 ? 4 : 5 },
    ),
  CLEANUP_THROW: (to) => to.emit({ op: 'cleanup_throw' }),

  SETUP_FINALLY: block('setup_finally'),
  SETUP_EXCEPT: block('setup_except'),
  SETUP_WITH: block('setup_with'),
  SETUP_LOOP: block('setup_loop'),
  CALL_FINALLY: block('call_finally'),
  CONTINUE_LOOP: (to, arg) => to.jump({ op: 'continue_loop' }, arg),
  BREAK_LOOP: (to) => to.emit({ op: 'break_loop' }),
  POP_BLOCK: (to) => to.emit({ op: 'pop_block' }),
  BEGIN_FINALLY: (to) => to.emit({ op: 'begin_finally' }),
  END_FINALLY: (to) => to.emit({ op: 'end_finally' }),
  POP_FINALLY: (to, arg) => to.emit({ op: 'pop_finally', keepsTop: arg !== 0 }),
  WITH_CLEANUP_START: (to) => to.emit({ op: 'with_cleanup_start' }),
  WITH_CLEANUP_FINISH: (to) => to.emit({ op: 'with_cleanup_finish' }),
  JUMP_IF_NOT_EXC_MATCH: (to, arg) => to.jump({ op: 'jump_if_not_exc_match' }, to.distance(arg)),

  GET_LEN: (to) => to.emit({ op: 'get_len' }),
  MATCH_MAPPING: (to) => to.emit({ op: 'match_mapping' }),
  MATCH_SEQUENCE: (to) => to.emit({ op: 'match_sequence' }),
  // 3.10 also pushes whether it matched.
  MATCH_KEYS: (to) => {
    to.emit({ op: 'match_keys' });
    if (to.minor < 11) to.emit(...MATCHED);
  },
  MATCH_CLASS: (to, arg) => {
    to.emit({ op: 'match_class', n: to.count(arg) });
    if (to.minor < 11) to.emit(...MATCHED);
  },
  // mapping, tuple of keys -> mapping, the rest of the mapping
  COPY_DICT_WITHOUT_KEYS: (to) => {
    const loop = to.instructions.length + 5;
    to.emit(
      { op: 'build_map', n: 0 },
      { op: 'copy', n: 3 },
      { op: 'dict_update', n: 1 },
      { op: 'swap', n: 2 },
      { op: 'get_iter' },
      { op: 'for_iter', target: loop + 5 },
      { op: 'copy', n: 3 },
      { op: 'swap', n: 2 },
      { op: 'delete_subscr' },
      { op: 'jump', target: loop },
    );
  },
};
