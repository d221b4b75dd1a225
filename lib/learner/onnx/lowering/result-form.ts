import { Value } from '../graph.js';
import type { Flow, LoweringContext } from './context.js';

/** How a model returned its tensors: one, or a tuple, list or dict of them. Plain data. */
export type ResultForm =
  | 'tensor'
  | { readonly kind: 'tuple' | 'list'; readonly items: readonly ResultForm[] }
  | {
      readonly kind: 'dict';
      readonly keys: readonly string[];
      readonly items: readonly ResultForm[];
    };

/** The form of a result. Known modules return tuples; only code of the file returns the others. */
export function resultForm(
  flow: Flow,
  { containers }: Pick<LoweringContext, 'containers'>,
): ResultForm {
  if (flow instanceof Value) return 'tensor';
  const items = flow.map((item) => resultForm(item, { containers }));
  const of = containers.get(flow);
  if (of === undefined || of === 'list') return { kind: of ?? 'tuple', items };
  return { kind: 'dict', keys: of, items };
}
