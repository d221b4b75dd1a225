import type { Expression } from '../expression.js';
import type { Scope } from '../scope.js';

/** The mean over positions behind the tokens, or the first token. */
export function tokenOrMean(m: Scope, x: Expression): Expression {
  const kind = m.attr('global_pool');
  if (kind === 'token') return x.select(1, 0);
  m.require(kind === 'avg', `it pools by "${String(kind)}"`);
  const prefix = m.int('num_prefix_tokens');
  return (prefix > 0 ? x.slice(1, prefix) : x).mean([1]);
}

/** That, and the head. */
export function tokenHead(m: Scope, x: Expression): Expression {
  return m.run(tokenOrMean(m, x), 'head');
}
