import { TYPES } from '../types.js';
import { Builtin, MethodWrapper } from '../values.js';
import { fill } from './define.js';
import { CONTAINER, comparisons, INDEXED, operators, TEXTS } from './dunders.js';
import { CASES } from './str-case.js';
import { SEARCHES } from './str-search.js';
import { makeTranslation, SHAPES } from './str-shape.js';
import { SPLITS } from './str-split.js';

export function fillStr(): void {
  fill(TYPES.str, [
    ...CONTAINER,
    ...INDEXED,
    ...TEXTS,
    ...comparisons(),
    ...operators(['add', 'mul', 'mod']),
    ...SEARCHES,
    ...SPLITS,
    ...CASES,
    ...SHAPES,
  ]);
  TYPES.str.attrs.set(
    'maketrans',
    new MethodWrapper('static', new Builtin('maketrans', makeTranslation)),
  );
}
