import { HANDLERS } from '../../lib/learner/python/handlers/index.js';
import type { Code, Instruction } from '../../lib/learner/python/instructions.js';
import { List, Tuple, type Value } from '../../lib/learner/python/values.js';

/** Numbers from 0 to 1 that are the same for a seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = <T>(random: () => number, items: readonly T[]): T =>
  items[Math.floor(random() * items.length)]!;

/** A few bytes are others, are gone or come twice. */
export function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  const result = [...bytes];
  const times = 1 + Math.floor(random() * 3);
  for (let i = 0; i < times; i++) {
    const at = Math.floor(random() * result.length);
    // Instructions are two bytes, so a change by pairs gets further.
    const pair = at & ~1;
    const how = random();
    if (how < 0.6) result[at] = Math.floor(random() * 256);
    else if (how < 0.75) result.splice(pair, 2);
    else if (how < 0.9) result.splice(pair, 0, ...result.slice(pair, pair + 2 + 2 * (pair & 3)));
    else result.splice(pair, 0, Math.floor(random() * 256), Math.floor(random() * 8));
  }
  return Uint8Array.from(result);
}

const OPS = Object.keys(HANDLERS) as Instruction['op'][];
const CONSTANTS: readonly Value[] = [
  null,
  true,
  0n,
  1n,
  -1n,
  10n ** 30n,
  0.5,
  NaN,
  '',
  'x',
  '__proto__',
  new Tuple([1n, 'a']),
  new Tuple(['constructor']),
  new List([1n]),
];
const NAMES = [
  'x',
  'len',
  'ValueError',
  '__class__',
  '__proto__',
  'constructor',
  'append',
  'range',
];

/** Code of instructions that nothing holds together. */
export function randomCode(random: () => number, depth = 0): Code {
  const length = 4 + Math.floor(random() * 40);
  const small = () => Math.floor(random() * 5);
  const target = () => Math.floor(random() * (length + 1)) - (random() < 0.02 ? 5 : 0);
  const freeCount = depth > 0 ? small() % 3 : 0;
  const instruction = (): Instruction => {
    // Half of them put something onto the stack, or too little happens.
    if (random() < 0.4) return { op: 'const', value: pick(random, CONSTANTS) };
    const op = pick(random, OPS);
    return {
      op,
      n: small(),
      slot: small(),
      name: pick(random, NAMES),
      names: [],
      target: target(),
      value: pick(random, CONSTANTS),
      operator: pick(random, ['+', '*', '**', '<<', '%', '==', '<']),
      inPlace: random() < 0.5,
      invert: random() < 0.5,
      when: op === 'jump_if_or_pop' ? random() < 0.5 : pick(random, ['true', 'false', 'none']),
      depth: small(),
      keeps: small(),
      keepsTop: random() < 0.5,
      before: small(),
      after: small(),
      conversion: pick(random, ['', 's', 'r', 'a']),
      spec: random() < 0.5,
      kwargs: random() < 0.5,
      defaults: random() < 0.2,
      kwDefaults: random() < 0.2,
      annotations: random() < 0.2,
      closure: random() < 0.3,
      qualname: random() < 0.5,
      attribute: pick(random, ['defaults', 'closure', 'annotate']),
      code: op === 'code' && depth < 2 ? randomCode(random, depth + 1) : undefined,
    } as unknown as Instruction;
  };
  const instructions: Instruction[] = Array.from({ length }, instruction).map((one) =>
    one.op === 'code' && one.code === undefined ? { op: 'nop' } : one,
  );
  return {
    name: 'f',
    qualname: 'f',
    fileName: '<code>',
    firstLine: 1,
    argCount: 0,
    posOnlyCount: 0,
    kwOnlyCount: 0,
    hasVarArgs: false,
    hasVarKwargs: false,
    isGenerator: random() < 0.2,
    isAsync: false,
    isFunction: random() < 0.7,
    slotNames: ['a', 'b', '__class__', 'd', 'e'],
    freeCount,
    instructions,
    lines: instructions.map((_, index) => index + 1),
    handlers: Array.from({ length: small() }, () => ({
      start: target(),
      end: target(),
      target: target(),
      depth: small(),
      lasti: random() < 0.5,
    })),
  };
}
