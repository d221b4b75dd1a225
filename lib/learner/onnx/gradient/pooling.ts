import type { Gradient } from './derivation.js';

const SPACE = [2, 3];

const globalAverage: Gradient = (d) => d.spread(d.op('Div', [d.dy, d.count(d.x, SPACE)]), d.x);

/** Like torch's adaptive_max_pool2d: the first of the largest values gets the whole gradient. */
const globalMax: Gradient = (d) => {
  const { graph } = d;
  const flat = graph.op('Reshape', [d.x, graph.axes(0, 0, -1)]);
  const chosen = graph.op('ArgMax', [flat], { axis: 2, keepdims: 0, select_last_index: 0 });
  const places = graph.op('Shape', [flat], { start: 2 });
  const hits = graph.op('OneHot', [chosen, places, graph.constant([0, 1], 'float32')]);
  return d.mul(d.dy, d.shapedLike(hits, d.x));
};

/** Poolings over a whole image, and their gradients. */
export const poolings: Readonly<Record<string, Gradient>> = {
  GlobalAveragePool: globalAverage,
  GlobalMaxPool: globalMax,
};
