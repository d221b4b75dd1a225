import type { Module } from '../../torch/module.js';
import { Value } from '../graph.js';
import { boolAttr } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import { lowerActivationFunction } from './functions.js';
import type { LoweringFamily } from './lowering.js';

/** The activation between the two linear layers: a module, or a function. */
function activate(module: Module, ctx: LoweringContext, x: Value): Value {
  const child = module.child('activation');
  if (child) return ctx.lowerValue(child, [x]);
  const func = module.attr('activation');
  // torch leaves the function out of the pickled state, and takes ReLU where it is missing.
  if (func === undefined) return ctx.graph.op('Relu', [x]);
  const result = lowerActivationFunction(ctx, func, x);
  if (!result) throw ctx.unsupported(module, 'its activation is a function that is not known');
  return result;
}

/** torch's TransformerEncoderLayer without masks: norms before the two blocks, or after them. */
const lowerEncoderLayer: Lowering = (module, ctx, inputs) => {
  const { graph } = ctx;
  const x = ctx.value(module, inputs);
  const child = (name: string, value: Value): Value =>
    ctx.lowerValue(ctx.child(module, name), [value]);
  const attention = ctx.child(module, 'self_attn');
  const attend = (value: Value): Value => {
    const result = ctx.lower(attention, [value, value, value]);
    return result instanceof Value ? result : (result[0] as Value);
  };
  const feed = (value: Value): Value =>
    child('linear2', activate(module, ctx, child('linear1', value)));
  if (boolAttr(module, 'norm_first', false)) {
    const attended = graph.op('Add', [x, attend(child('norm1', x))]);
    return graph.op('Add', [attended, feed(child('norm2', attended))]);
  }
  const attended = child('norm1', graph.op('Add', [x, attend(x)]));
  return child('norm2', graph.op('Add', [attended, feed(attended)]));
};

/** torch's TransformerEncoder: its layers in turn, and perhaps a norm behind them. */
const lowerEncoder: Lowering = (module, ctx, inputs) => {
  let x = ctx.value(module, inputs);
  for (const layer of ctx.child(module, 'layers').children.values()) {
    if (layer) x = ctx.lowerValue(layer, [x]);
  }
  const norm = module.child('norm');
  return norm ? ctx.lowerValue(norm, [x]) : x;
};

export const transformers: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.transformer': {
      TransformerEncoderLayer: lowerEncoderLayer,
      TransformerEncoder: lowerEncoder,
    },
  },
};
