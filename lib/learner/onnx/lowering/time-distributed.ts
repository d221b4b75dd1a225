import { SizeNeededError } from '../torch-ops/size-needed.js';
import type { Lowering } from './context.js';
import type { Expression } from './expression.js';
import { forwardMany, joined } from './forward.js';
import type { Scope } from './scope.js';
import { allKnown } from './spatial.js';

/** Steps that are computed one by one; each is the module once more. */
const MOST_STEPS = 1000;

/**
 * fastai's TimeDistributed: the same module over each step of a sequence. By default, all steps of
 * all rows are one batch; with `low_mem`, or along another dimension, they go one by one.
 */
export const timeDistributed: Lowering = forwardMany((m, inputs) => {
  const [first] = inputs;
  if (!first) throw m.refusal('it receives nothing');
  const along = m.int('tdim', 1);
  return m.bool('low_mem', false) || along !== 1
    ? stepByStep(m, inputs, along)
    : asOneBatch(m, inputs);
});

function asOneBatch(m: Scope, inputs: readonly Expression[]): Expression {
  const [first] = inputs as readonly [Expression];
  const { graph } = m.ctx;
  const merged = inputs.map((x) => sized(x).flatten(0, 1));
  const rows = m.call(m.ctx.child(m.module, 'module'), ...merged);
  const behind = rows.value.shape?.slice(1) ?? [];
  if (!allKnown(behind)) throw needs(rows);
  const steps = graph.op('Shape', [first.value], { start: 0, end: 2 });
  const shape = graph.op('Concat', [steps, graph.axes(...behind)], { axis: 0 });
  const made = graph.op('Reshape', [rows.value, shape]);
  return first.of(graph.assume(made, [...first.value.shape!.slice(0, 2), ...behind]));
}

function stepByStep(m: Scope, inputs: readonly Expression[], along: number): Expression {
  const [first] = inputs as readonly [Expression];
  const steps = first.value.shape?.at(along);
  if (typeof steps !== 'number') throw needs(first);
  m.require(
    steps > 0 && steps <= MOST_STEPS,
    `its sequence does not have 1 to ${MOST_STEPS} steps`,
  );
  const module = m.ctx.child(m.module, 'module');
  const results = Array.from({ length: steps }, (_, step) =>
    m.call(module, ...inputs.map((x) => x.select(along, step))).unsqueeze(along),
  );
  return joined(results, along);
}

/** A sequence whose steps are of one known size. */
function sized(x: Expression): Expression {
  if (!allKnown(x.value.shape?.slice(2) ?? [])) throw needs(x);
  return x;
}

function needs({ value: { shape = [] } }: Expression): SizeNeededError {
  return new SizeNeededError(new Set(shape.filter((size) => typeof size === 'string')));
}
