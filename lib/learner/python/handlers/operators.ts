import type { Interpreter } from '../interpreter.js';
import type { Value } from '../values.js';
import { identical } from '../operators/identity.js';
import { formatValue } from '../builtins/format-spec.js';
import { asciiRepr } from '../builtins/repr.js';
import { peek, pop, type Handlers } from '../handler.js';

/** Instructions that compute and compare. */
export const OPERATORS: Handlers<
  | 'binary'
  | 'unary'
  | 'not'
  | 'to_bool'
  | 'compare'
  | 'is'
  | 'contains'
  | 'format_value'
  | 'convert_value'
  | 'get_len'
> = {
  binary: (ctx, frame, { operator, inPlace }) => {
    const right = pop(ctx, frame);
    frame.stack.push(ctx.binary(operator, pop(ctx, frame), right, inPlace));
  },
  unary: (ctx, frame, { operator }) => {
    frame.stack.push(ctx.unary(operator, pop(ctx, frame)));
  },
  not: (ctx, frame) => {
    frame.stack.push(!ctx.truth(pop(ctx, frame)));
  },
  to_bool: (ctx, frame) => {
    frame.stack.push(ctx.truth(pop(ctx, frame)));
  },
  compare: (ctx, frame, { operator }) => {
    const right = pop(ctx, frame);
    frame.stack.push(ctx.compare(operator, pop(ctx, frame), right));
  },
  is: (ctx, frame, { invert }) => {
    const right = pop(ctx, frame);
    frame.stack.push(identical(pop(ctx, frame), right) !== invert);
  },
  contains: (ctx, frame, { invert }) => {
    const container = pop(ctx, frame);
    frame.stack.push(ctx.contains(container, pop(ctx, frame)) !== invert);
  },
  format_value: (ctx, frame, { conversion, spec }) => {
    const how = spec ? pop(ctx, frame) : '';
    const value = pop(ctx, frame);
    if (typeof how !== 'string') throw ctx.damaged('the format of a value is not a text');
    frame.stack.push(formatValue(ctx, convert(ctx, conversion, value), how));
  },
  convert_value: (ctx, frame, { conversion }) => {
    frame.stack.push(convert(ctx, conversion, pop(ctx, frame)));
  },
  get_len: (ctx, frame) => {
    frame.stack.push(ctx.length(peek(ctx, frame, 1)));
  },
};

function convert(ctx: Interpreter, conversion: '' | 's' | 'r' | 'a', value: Value): Value {
  if (conversion === '') return value;
  if (conversion === 's') return ctx.str(value);
  return conversion === 'r' ? ctx.repr(value) : asciiRepr(ctx, value);
}
