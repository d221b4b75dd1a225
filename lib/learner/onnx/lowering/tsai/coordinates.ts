import type { LoweringContext } from '../context.js';
import type { Expression } from '../expression.js';
import type { SeriesScope } from './support.js';

/** Versions before 0.2.15 do not normalize coordinates, which the module itself does not show. */
type Age = 'before 0.2.15' | 'unknown';
const ages = new WeakMap<LoweringContext, Age>();

/** Finds the age of a model from its own layout, before its layers are called. */
export function ofAge(m: SeriesScope, age: Age): void {
  ages.set(m.ctx, age);
}

/** Positions from -1 to 1, by default standardized. */
export function coordinates(m: SeriesScope, x: Expression): Expression {
  const age = ages.get(m.ctx);
  m.require(
    age !== 'unknown',
    'versions of tsai before 0.2.15 computed other coordinates, and the file does not state ' +
      'its version',
  );
  const length = x.size(2);
  m.require(length > 1, 'a series of one step has no coordinates');
  const places = Array.from({ length }, (_, i) => (2 * i) / (length - 1) - 1);
  const deviation =
    age === undefined
      ? Math.sqrt(places.reduce((sum, place) => sum + place * place, 0) / (length - 1))
      : 1;
  const row = m.constant(
    places.map((place) => place / deviation),
    [1, 1, length],
  );
  return row.expandTo(x);
}
