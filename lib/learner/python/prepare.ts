import type { Handle } from './handler.js';
import { UnreadableCodeError } from './errors.js';
import { HANDLERS } from './handlers/index.js';
import type { Code, Instruction } from './instructions.js';
import type { Prepared } from './prepared.js';

const made = new WeakMap<Code, Prepared>();

/** @throws UnreadableCodeError */
export function prepare(code: Code): Prepared {
  let prepared = made.get(code);
  if (!prepared) made.set(code, (prepared = check(code)));
  return prepared;
}

function check(code: Code): Prepared {
  const { instructions, slotNames, freeCount, handlers } = code;
  const count = instructions.length;
  const fail = (reason: string) => new UnreadableCodeError(code.qualname, reason);
  const exists = (index: number, end: number) =>
    Number.isInteger(index) && index >= 0 && index < end;
  const parameters =
    code.argCount + code.kwOnlyCount + Number(code.hasVarArgs) + Number(code.hasVarKwargs);
  for (const size of [code.argCount, code.posOnlyCount, code.kwOnlyCount, freeCount]) {
    if (!exists(size, slotNames.length + 1)) throw fail('its number of variables is invalid');
  }
  if (code.posOnlyCount > code.argCount || parameters + freeCount > slotNames.length) {
    throw fail('it has fewer variables than parameters');
  }
  const handles = instructions.map((instruction, at) => {
    if ('target' in instruction && !exists(instruction.target, count)) {
      throw fail(`instruction ${at} jumps outside the code`);
    }
    if ('slot' in instruction && !exists(instruction.slot, slotNames.length)) {
      throw fail(`instruction ${at} uses a variable that it does not have`);
    }
    for (const size of sizes(instruction)) {
      if (!exists(size, 2 ** 31)) throw fail(`instruction ${at} has a size of ${size}`);
    }
    if (!Object.hasOwn(HANDLERS, instruction.op)) {
      throw fail(`instruction ${at}, ${instruction.op}, is not known`);
    }
    return HANDLERS[instruction.op] as Handle<Instruction>;
  });
  // Code that runs past the end arrives here.
  handles.push((ctx) => {
    throw ctx.damaged('it has no end');
  });
  for (const { start, end, target, depth } of handlers) {
    if (!exists(start, count + 1) || !exists(end, count + 1) || !exists(target, count)) {
      throw fail('its exception table points outside the code');
    }
    if (!exists(depth, 2 ** 31)) throw fail('its exception table has no valid depth');
  }
  const { argCount, kwOnlyCount, isGenerator, isAsync, isFunction } = code;
  return {
    code,
    argCount,
    kwOnlyCount,
    freeCount,
    isPlain: kwOnlyCount === 0 && !code.hasVarArgs && !code.hasVarKwargs,
    isGenerator,
    isAsync,
    isFunction,
    instructions,
    handles,
    lines: code.lines,
    handlers,
    slotNames,
    firstFree: slotNames.length - freeCount,
  };
}

function sizes(instruction: Instruction): number[] {
  const found: number[] = [];
  if ('n' in instruction) found.push(instruction.n);
  if ('depth' in instruction) found.push(instruction.depth);
  if ('keeps' in instruction) found.push(instruction.keeps);
  if ('before' in instruction) found.push(instruction.before, instruction.after);
  return found;
}
