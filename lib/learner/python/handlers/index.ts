import type { Instruction } from '../instructions.js';
import { ATTRIBUTES } from './attributes.js';
import { BLOCKS } from './blocks.js';
import { BUILDING } from './building.js';
import { CALLS } from './calls.js';
import { EXCEPTION_HANDLERS } from './exceptions.js';
import { FUNCTIONS } from './functions.js';
import type { Handlers } from '../handler.js';
import { JUMPS } from './jumps.js';
import { OPERATORS } from './operators.js';
import { PATTERNS } from './patterns.js';
import { STACK } from './stack.js';
import { VARIABLES } from './variables.js';

/** The handler of each instruction. */
export const HANDLERS: Handlers<Instruction['op']> = {
  ...STACK,
  ...VARIABLES,
  ...ATTRIBUTES,
  ...OPERATORS,
  ...BUILDING,
  ...CALLS,
  ...FUNCTIONS,
  ...JUMPS,
  ...EXCEPTION_HANDLERS,
  ...BLOCKS,
  ...PATTERNS,
  unsupported: (ctx, _, { name }) => {
    throw ctx.unknown(`the instruction ${name}`);
  },
};
