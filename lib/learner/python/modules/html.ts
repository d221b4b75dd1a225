import { fn } from '../builtins/define.js';
import { unescapeHtml } from './html-entities.js';
import { namesOf } from './module-names.js';

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#x27;'],
]);

export const HTML = namesOf([
  fn('escape', 's, quote=', (ctx, given) => {
    const signs = given.truth('quote', true) ? /[&<>"']/g : /[&<>]/g;
    const text = given.str('s').replace(signs, (sign) => ENTITIES.get(sign) ?? sign);
    ctx.budget.charge(text.length);
    return text;
  }),
  fn('unescape', 's', (ctx, given) => {
    const text = given.str('s');
    ctx.budget.step(1 + text.length);
    ctx.budget.charge(text.length);
    return unescapeHtml(text);
  }),
]);
