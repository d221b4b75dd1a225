import type { Instruction } from '../../instructions.js';
import type { Emit, Emitter } from '../emitter.js';
import type { Unit } from '../units.js';

type When = Extract<Instruction, { readonly op: 'pop_jump_if' }>['when'];

/**
 * The target of a jump in 3.11 and later; before that, conditional jumps name the target itself.
 */
const conditional =
  (when: When): Emit =>
  (to, arg, unit) =>
    to.jump({ op: 'pop_jump_if', when }, to.minor < 11 ? to.distance(arg) : to.forward(arg, unit));
const backward =
  (when: When): Emit =>
  (to, arg, unit) =>
    to.jump({ op: 'pop_jump_if', when }, to.backward(arg, unit));
const orPop =
  (when: boolean): Emit =>
  (to, arg, unit) =>
    to.jump(
      { op: 'jump_if_or_pop', when },
      to.minor < 11 ? to.distance(arg) : to.forward(arg, unit),
    );
const back: Emit = (to, arg, unit) => to.jump({ op: 'jump' }, to.backward(arg, unit));

export const flow: Record<string, Emit> = {
  NOP: (to) => to.emit({ op: 'nop' }),
  NOT_TAKEN: (to) => to.emit({ op: 'nop' }),
  RESUME: (to) => to.emit({ op: 'nop' }),
  POP_TOP: (to) => to.emit({ op: 'pop' }),
  POP_ITER: (to) => to.emit({ op: 'pop' }),
  ROT_TWO: (to) => to.emit({ op: 'rotate', n: 2 }),
  ROT_THREE: (to) => to.emit({ op: 'rotate', n: 3 }),
  ROT_FOUR: (to) => to.emit({ op: 'rotate', n: 4 }),
  ROT_N: (to, arg) => to.emit({ op: 'rotate', n: place(to, arg) }),
  DUP_TOP: (to) => to.emit({ op: 'copy', n: 1 }),
  DUP_TOP_TWO: (to) => to.emit({ op: 'copy', n: 2 }, { op: 'copy', n: 2 }),
  COPY: (to, arg) => to.emit({ op: 'copy', n: place(to, arg) }),
  SWAP: (to, arg) => to.emit({ op: 'swap', n: place(to, arg) }),

  JUMP_FORWARD: (to, arg, unit) => to.jump({ op: 'jump' }, to.forward(arg, unit)),
  JUMP_ABSOLUTE: (to, arg) => to.jump({ op: 'jump' }, to.distance(arg)),
  JUMP_BACKWARD: back,
  JUMP_BACKWARD_NO_INTERRUPT: back,
  POP_JUMP_IF_TRUE: conditional('true'),
  POP_JUMP_IF_FALSE: conditional('false'),
  POP_JUMP_IF_NONE: conditional('none'),
  POP_JUMP_IF_NOT_NONE: conditional('not_none'),
  POP_JUMP_FORWARD_IF_TRUE: conditional('true'),
  POP_JUMP_FORWARD_IF_FALSE: conditional('false'),
  POP_JUMP_FORWARD_IF_NONE: conditional('none'),
  POP_JUMP_FORWARD_IF_NOT_NONE: conditional('not_none'),
  POP_JUMP_BACKWARD_IF_TRUE: backward('true'),
  POP_JUMP_BACKWARD_IF_FALSE: backward('false'),
  POP_JUMP_BACKWARD_IF_NONE: backward('none'),
  POP_JUMP_BACKWARD_IF_NOT_NONE: backward('not_none'),
  JUMP_IF_TRUE_OR_POP: orPop(true),
  JUMP_IF_FALSE_OR_POP: orPop(false),

  GET_ITER: (to) => to.emit({ op: 'get_iter' }),
  GET_YIELD_FROM_ITER: (to) => to.emit({ op: 'get_yield_from_iter' }),
  FOR_ITER: (to, arg, unit) =>
    to.jump({ op: 'for_iter' }, behindLoop(to, to.forward(arg, unit), unit)),
  END_FOR: (to) => {
    to.emit({ op: 'pop' });
    if (to.minor === 12) to.emit({ op: 'pop' });
  },
  RETURN_VALUE: (to) => to.emit({ op: 'return_value' }),
  RETURN_CONST: (to, arg) => {
    to.pushConstant(arg);
    to.emit({ op: 'return_value' });
  },
  // A generator pops the first value sent to it immediately; frames here start without it.
  RETURN_GENERATOR: (to) => to.emit({ op: 'const', value: null }),
  GEN_START: (to) => to.emit({ op: 'nop' }),
  YIELD_VALUE: (to) => to.emit({ op: 'yield_value' }),
  YIELD_FROM: (to) => to.emit({ op: 'yield_from' }),
  SEND: (to, arg, unit) => {
    const target = to.forward(arg, unit);
    if (to.minor > 11) return to.jump({ op: 'send' }, target);
    // 3.11 removes the iterator before it jumps.
    const at = to.instructions.length;
    to.emit({ op: 'jump', target: at + 3 }, { op: 'end_send' });
    to.jump({ op: 'jump' }, target);
    to.emit({ op: 'send', target: at + 1 });
  },
  END_SEND: (to) => to.emit({ op: 'end_send' }),
};

/** The iterator is popped at the end of a loop; versions use different instructions for that. */
function behindLoop(to: Emitter, end: number, unit: Unit): number {
  const behind = to.minor < 12 ? [] : to.minor === 12 ? ['END_FOR'] : ['END_FOR', LAST[to.minor]];
  let offset = end;
  for (const name of behind) {
    const next = to.unitAt(offset);
    if (next?.name !== name) {
      throw to.raw.error(
        `the loop at ${unit.start} does not end like a loop of its Python version`,
      );
    }
    offset = next!.end;
  }
  return offset;
}

const LAST: Record<number, string> = { 13: 'POP_TOP', 14: 'POP_ITER' };

function place(to: Emitter, arg: number): number {
  if (arg === 0) throw to.raw.error('it moves zero values on the stack');
  return to.count(arg);
}
