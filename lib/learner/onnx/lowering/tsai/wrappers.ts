import { Value } from '../../graph.js';
import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { joined } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import { series, SeriesScope } from './support.js';

/** The maximum of steps in a file; each step repeats the model. */
const MOST_STEPS = 1000;

/** A model for another number of variables or steps. */
const inputWrapper = series((m, x) =>
  m.run(m.bool('new_shape') ? m.run(x, 'new_shape_fn') : x, 'model'),
);

/** The model's output is the change from the last step. */
const residualWrapper = series((m, x) => x.select(x.rank - 1, -1).add(m.run(x, 'model')));

/** This number of steps ahead, each from the steps before it. */
const recursiveWrapper = series((m, input) => {
  const steps = m.int('n_steps');
  m.require(steps > 0 && steps <= MOST_STEPS, `its n_steps is not 1 to ${MOST_STEPS}`);
  const anchored = m.bool('anchored');
  const results: Expression[] = [];
  let x = input;
  for (let i = 0; i < steps; i++) {
    const result = m.run(x, 'model');
    results.push(result);
    const next = result.rank === x.rank ? result : result.unsqueeze(1);
    x = (anchored ? x : x.slice(x.rank - 1, 1)).concat(-1, next);
  }
  return joined(results, -1);
});

/** A model for each input, and a head over their concatenated outputs. */
const multiInput: Lowering = (module, ctx, inputs) => {
  const m = new SeriesScope(module, ctx);
  const [first] = inputs;
  const flows = inputs.length === 1 && first && !(first instanceof Value) ? first : inputs;
  const backbones = m.list('backbones');
  m.require(
    flows.length === backbones.length && m.int('M', backbones.length) === backbones.length,
    `it takes ${backbones.length} inputs, but receives ${flows.length}`,
  );
  const features = backbones.map((backbone, i) => {
    const given = flows[i]!;
    const result = ctx.lowerValue(backbone, given instanceof Value ? [given] : given);
    return result.rank === 3 ? m.maybe(m.expression(result), 'reshape') : m.expression(result);
  });
  const head = m.list('heads').at(-1);
  if (!head) throw m.refusal('it has no head');
  return m.call(head, joined(features)).value;
};

/** tsai's models that wrap other models. */
export const tsaiWrappers: LoweringFamily = {
  lowerings: {
    'tsai.models.misc': {
      InputWrapper: inputWrapper,
      ResidualWrapper: residualWrapper,
      RecursiveWrapper: recursiveWrapper,
    },
    'tsai.models.MultiInputNet': { MultiInputNet: multiInput },
  },
};
