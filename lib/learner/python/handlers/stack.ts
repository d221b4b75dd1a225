import { CodeOnStack } from '../frame.js';
import { popItem, type Handlers } from '../handler.js';

/** Instructions that move values on the stack. */
export const STACK: Handlers<
  'nop' | 'pop' | 'push_null' | 'copy' | 'swap' | 'rotate' | 'const' | 'code'
> = {
  nop: () => {},
  pop: (ctx, frame) => {
    popItem(ctx, frame);
  },
  push_null: (_, { stack }) => {
    stack.push(undefined);
  },
  copy: (ctx, { stack }, { n }) => {
    if (n < 1 || n > stack.length) throw ctx.damaged('its stack is empty');
    stack.push(stack[stack.length - n]);
  },
  swap: (ctx, { stack }, { n }) => {
    if (n < 1 || n > stack.length) throw ctx.damaged('its stack is empty');
    const top = stack.length - 1;
    const other = stack.length - n;
    const item = stack[top];
    stack[top] = stack[other];
    stack[other] = item;
  },
  rotate: (ctx, frame, { n }) => {
    const { stack } = frame;
    if (n < 1 || n > stack.length) throw ctx.damaged('its stack is empty');
    stack.splice(stack.length - n, 0, stack.pop());
  },
  const: (_, { stack }, { value }) => {
    stack.push(value);
  },
  code: (_, { stack }, { code }) => {
    stack.push(new CodeOnStack(code));
  },
};
