import type { Code, Instruction } from '../instructions.js';
import {
  ClassValue,
  Dict,
  Func,
  List,
  SetValue,
  Singleton,
  Slice,
  Tuple,
  type Value,
} from '../values.js';

/** Longer constants are cut. */
const LONGEST = 60;
/** The most levels of functions within functions. */
const DEEPEST = 20;

/**
 * Code for people: a line for each instruction, with the line of the source where that changes,
 * labels at jump targets, and the guarded ranges; nested functions follow.
 *
 * @throws UnreadableCodeError
 */
export function showCode(code: Code): string {
  const out: string[] = [];
  show(code, out, 0);
  return out.join('\n');
}

function show(code: Code, out: string[], depth: number): void {
  const { instructions, lines, handlers } = code;
  out.push(`${code.qualname}(${parametersOf(code)}), line ${code.firstLine}`);
  const targets = new Set<number>(handlers.map(({ target }) => target));
  for (const one of instructions) if ('target' in one) targets.add(one.target);
  const labels = new Map([...targets].sort((a, b) => a - b).map((at, n) => [at, `L${n + 1}`]));
  let line = 0;
  instructions.forEach((instruction, at) => {
    const label = labels.get(at);
    // Instructions that only keep the stack in order mean nothing to a reader.
    if ((instruction.op === 'nop' || instruction.op === 'push_null') && !label) return;
    const isNew = lines[at] !== line && lines[at] !== 0;
    if (isNew) line = lines[at]!;
    const op = instruction.op.replace('_slots', '');
    const text = `${op} ${detailOf(instruction, code, labels)}`.trimEnd();
    out.push(`${(isNew ? String(line) : '').padStart(6)}  ${(label ?? '').padEnd(5)}${text}`);
  });
  for (const { start, end, target } of handlers) {
    const last = Math.max(start, end - 1);
    out.push(
      `        lines ${rangeOf(lines, start, last)}: exceptions go to ${labels.get(target)}`,
    );
  }
  if (depth >= DEEPEST) return;
  for (const instruction of instructions) {
    if (instruction.op !== 'code') continue;
    out.push('');
    show(instruction.code, out, depth + 1);
  }
}

function rangeOf(lines: readonly number[], first: number, last: number): string {
  const known = lines.slice(first, last + 1).filter((line) => line !== 0);
  if (known.length === 0) return '?';
  const from = known.reduce((a, b) => Math.min(a, b));
  const to = known.reduce((a, b) => Math.max(a, b));
  return from === to ? `${from}` : `${from} to ${to}`;
}

/** Parameters as Python writes them: `a, /, b, *, c, **d`. */
function parametersOf(code: Code): string {
  const { argCount, posOnlyCount, kwOnlyCount, slotNames } = code;
  const positional = slotNames.slice(0, argCount);
  if (posOnlyCount > 0) positional.splice(posOnlyCount, 0, '/');
  const named = slotNames.slice(argCount, argCount + kwOnlyCount);
  let next = argCount + kwOnlyCount;
  const rest = code.hasVarArgs ? [`*${slotNames[next++]}`] : kwOnlyCount > 0 ? ['*'] : [];
  const more = code.hasVarKwargs ? [`**${slotNames[next]}`] : [];
  return [...positional, ...rest, ...named, ...more].join(', ');
}

function detailOf(
  instruction: Instruction,
  code: Code,
  labels: ReadonlyMap<number, string>,
): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(instruction) as [string, unknown][]) {
    if (key === 'op') continue;
    if (key === 'slot') parts.push(code.slotNames[value as number] ?? '?');
    else if (key === 'target') parts.push(`to ${labels.get(value as number)}`);
    else if (key === 'value') parts.push(shown(value as Value));
    else if (key === 'code') parts.push((value as Code).qualname);
    else if (key === 'name' && 'slot' in instruction) continue;
    else if (Array.isArray(value)) parts.push(value.join(', '));
    else if (typeof value === 'boolean') parts.push(value ? key : '');
    else parts.push(String(value));
  }
  return parts.filter((part) => part !== '').join(' ');
}

/** A constant, roughly as Python writes it. */
function shown(value: Value): string {
  const text = written(value, 0);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function written(value: Value, depth: number): string {
  if (depth > 3) return '…';
  const list = (items: readonly Value[]): string =>
    items
      .slice(0, LONGEST)
      .map((item) => written(item, depth + 1))
      .join(', ');
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, LONGEST + 1));
  if (typeof value === 'number') return Number.isInteger(value) ? value.toFixed(1) : String(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Tuple) return `(${list(value.items)}${value.items.length === 1 ? ',' : ''})`;
  if (value instanceof List) return `[${list(value.items)}]`;
  if (value instanceof SetValue) return `{${list([...value.entries.values()])}}`;
  if (value instanceof Slice) return `slice(${list([value.start, value.stop, value.step])})`;
  if (value instanceof Singleton || value instanceof Func || value instanceof ClassValue) {
    return value.name;
  }
  return value instanceof Dict ? 'a dict' : 'an object';
}
