import type { Code, Handler, Instruction } from '../../instructions.js';
import { Emitter, type Emit } from '../emitter.js';
import { readGuards } from '../exception-table.js';
import { readLines } from '../line-table.js';
import type { Minor } from '../opcodes.js';
import type { RawCode } from '../raw-code.js';
import { readUnits, type Unit } from '../units.js';
import { calls } from './calls.js';
import { containers } from './containers.js';
import { exceptions } from './exceptions.js';
import { flow } from './flow.js';
import { operators } from './operators.js';
import { variables } from './variables.js';

const EMITS = new Map<string, Emit>(
  [variables, operators, containers, calls, flow, exceptions].flatMap((table) =>
    Object.entries(table),
  ),
);

/** The instructions of code: the part of {@link Code} that depends on the version of Python. */
export interface Body {
  readonly instructions: readonly Instruction[];
  readonly lines: readonly number[];
  readonly handlers: readonly Handler[];
}

/**
 * Reads code as that version of Python would.
 *
 * @throws UnreadableCodeError if it cannot be of that version
 */
export function translate(
  raw: RawCode,
  minor: Minor,
  slotNames: readonly string[],
  decode: (raw: RawCode) => Code,
): Body {
  const units = readUnits(raw, minor);
  const lineOf = readLines(raw, minor);
  checkStart(raw, minor, units);
  const to = new Emitter(raw, minor, units, slotNames, decode);
  const lines: number[] = [];
  if (minor < 11) to.makeCells();
  while (lines.length < to.instructions.length) lines.push(raw.firstLine);
  for (let at = 0; at < units.length; at++) {
    const unit = units[at]!;
    to.begin(unit);
    const next = units[at + 1];
    if (next && isExceptionMatch(unit, next, minor)) {
      to.jump({ op: 'jump_if_not_exc_match' }, to.distance(next.arg));
      at++;
    } else {
      const emit = EMITS.get(unit.name);
      if (emit) emit(to, unit.arg, unit);
      else to.unsupported(unit.name);
    }
    const line = lineOf[unit.offset / 2]!;
    while (lines.length < to.instructions.length) lines.push(line);
  }
  const instructions = to.finish();
  if (fallsThrough(instructions[instructions.length - 1])) {
    throw raw.error('its bytecode ends without a return');
  }
  return { instructions, lines, handlers: minor < 11 ? [] : handlersOf(raw, to) };
}

/** Before 3.9, one instruction compared the exception of a handler, and the next one jumped. */
function isExceptionMatch(unit: Unit, next: Unit, minor: Minor): boolean {
  if (minor > 8 || unit.name !== 'COMPARE_OP' || unit.arg !== 10) return false;
  return next.name === 'POP_JUMP_IF_FALSE';
}

const BEFORE_RESUME = new Set(['COPY_FREE_VARS', 'MAKE_CELL', 'RETURN_GENERATOR', 'POP_TOP']);

/** From 3.11 on, an opcode marks where code begins, and its number differs by version. */
function checkStart(raw: RawCode, minor: Minor, units: readonly Unit[]): void {
  if (minor < 11) return;
  const first = units.find(({ name }) => !BEFORE_RESUME.has(name));
  if (first?.name !== 'RESUME') throw raw.error(`it does not begin like code of Python 3.${minor}`);
}

const LAST = new Set<Instruction['op']>([
  'return_value',
  'jump',
  'raise',
  'reraise',
  'reraise_block',
  'unsupported',
]);

function fallsThrough(last: Instruction | undefined): boolean {
  return last === undefined || !LAST.has(last.op);
}

function handlersOf(raw: RawCode, to: Emitter): Handler[] {
  const indexAt = (offset: number): number =>
    offset === raw.code.length ? to.instructions.length : to.indexAt(offset);
  return readGuards(raw).map(({ start, end, target, depth, lasti }) => ({
    start: indexAt(start),
    end: indexAt(end),
    target: to.indexAt(target),
    depth,
    lasti,
  }));
}
