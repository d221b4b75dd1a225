import { Slice, SuperValue, ClassValue } from '../values.js';
import { pop, type Handlers } from '../handler.js';

/** Instructions that read and set attributes and items. */
export const ATTRIBUTES: Handlers<
  | 'load_attr'
  | 'delete_attr'
  | 'store_attr'
  | 'load_super_attr'
  | 'binary_subscr'
  | 'store_subscr'
  | 'delete_subscr'
  | 'binary_slice'
  | 'store_slice'
> = {
  load_attr: (ctx, frame, { name }) => {
    frame.stack.push(ctx.getAttr(pop(ctx, frame), name));
  },
  delete_attr: (ctx, frame, { name }) => {
    ctx.delAttr(pop(ctx, frame), name);
  },
  store_attr: (ctx, frame, { name }) => {
    const object = pop(ctx, frame);
    ctx.setAttr(object, name, pop(ctx, frame));
  },
  load_super_attr: (ctx, frame, { name }) => {
    const self = pop(ctx, frame);
    const cls = pop(ctx, frame);
    // Ignores a redefinition of `super`.
    pop(ctx, frame);
    if (!(cls instanceof ClassValue)) throw ctx.damaged('super() has no class');
    frame.stack.push(ctx.getAttr(new SuperValue(cls, self), name));
  },
  binary_subscr: (ctx, frame) => {
    const key = pop(ctx, frame);
    frame.stack.push(ctx.getItem(pop(ctx, frame), key));
  },
  store_subscr: (ctx, frame) => {
    const key = pop(ctx, frame);
    const object = pop(ctx, frame);
    ctx.setItem(object, key, pop(ctx, frame));
  },
  delete_subscr: (ctx, frame) => {
    const key = pop(ctx, frame);
    ctx.delItem(pop(ctx, frame), key);
  },
  binary_slice: (ctx, frame) => {
    const stop = pop(ctx, frame);
    const start = pop(ctx, frame);
    frame.stack.push(ctx.getItem(pop(ctx, frame), new Slice(start, stop, null)));
  },
  store_slice: (ctx, frame) => {
    const stop = pop(ctx, frame);
    const start = pop(ctx, frame);
    const object = pop(ctx, frame);
    ctx.setItem(object, new Slice(start, stop, null), pop(ctx, frame));
  },
};
