import { boolAttr, intAttr, malformed } from './attributes.js';
import type { Flow, Lowering } from './context.js';
import type { LoweringFamily, SignatureOf } from './lowering.js';

/** Each child takes the result of the previous one; a tuple is one argument. */
export const lowerSequential: Lowering = (module, ctx, inputs) => {
  let flow: Flow | undefined = inputs.length === 1 ? inputs[0] : undefined;
  if (flow === undefined) throw ctx.unsupported(module, `it takes one input, not ${inputs.length}`);
  for (const [name, child] of module.children) {
    if (!child) throw malformed(module, `its child ${name} is not a module`);
    flow = ctx.lower(child, [flow]);
  }
  return flow;
};

export const passThrough: Lowering = (module, ctx, inputs) => ctx.value(module, inputs);

/** torch's Flatten: dimensions start_dim..end_dim become one. */
const lowerFlatten: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const { rank } = x;
  if (rank === undefined) throw ctx.unsupported(module, 'the rank of its input is not known');
  const [start, end] = [intAttr(module, 'start_dim', 1), intAttr(module, 'end_dim', -1)];
  const first = start < 0 ? start + rank : start;
  const last = end < 0 ? end + rank : end;
  if (first >= last) return x;
  const { graph } = ctx;
  // For 0, Reshape copies leading dimensions; later ones must be read from the value.
  const lead = Array.from({ length: first }, () => 0);
  if (last === rank - 1) return graph.op('Reshape', [x, graph.axes(...lead, -1)]);
  const behind = graph.op('Shape', [x], { start: last + 1 });
  const target = graph.op('Concat', [graph.axes(...lead, -1), behind], { axis: 0 });
  return graph.op('Reshape', [x, target]);
};

/** fastai's Flatten keeps the batch, or nothing with `full`. */
const lowerFastaiFlatten: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  return boolAttr(module, 'full', false)
    ? ctx.graph.op('Reshape', [x, ctx.graph.axes(-1)])
    : ctx.graph.op('Flatten', [x], { axis: 1 });
};

/** Wrappers around one module that have no effect in evaluation on one device. */
function wrapped(name: string): readonly [Lowering, SignatureOf] {
  return [
    (module, ctx, inputs) => ctx.lower(ctx.child(module, name), inputs),
    (module, signatureOf) => {
      const child = module.child(name);
      return child ? signatureOf(child) : undefined;
    },
  ];
}

const [lowerParallel, parallelSignature] = wrapped('module');
const [lowerCompiled, compiledSignature] = wrapped('_orig_mod');

/** A model takes the inputs of its first module. */
const firstSignature: SignatureOf = (module, signatureOf) => {
  const [first] = module.children.values();
  return first ? signatureOf(first) : undefined;
};

export const containers: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.container': { Sequential: lowerSequential },
    'fastai.text.models.core': { SequentialRNN: lowerSequential },
    'fastai.layers': {
      'LinBnDrop|ConvLayer|PoolFlatten': lowerSequential,
      Identity: passThrough,
      Flatten: lowerFastaiFlatten,
    },
    'torch.nn.modules.linear': { Identity: passThrough },
    'torch.nn.modules.dropout': {
      'Dropout|Dropout1d|Dropout2d|Dropout3d|AlphaDropout|FeatureAlphaDropout': passThrough,
    },
    'fastai.text.models.awdlstm': { RNNDropout: passThrough },
    'torch.nn.modules.flatten': { Flatten: lowerFlatten },
    'torch.nn.parallel.data_parallel': { DataParallel: lowerParallel },
    'torch.nn.parallel.distributed': { DistributedDataParallel: lowerParallel },
    'torch._dynamo.eval_frame': { OptimizedModule: lowerCompiled },
  },
  signatures: {
    'torch.nn.modules.container': { Sequential: firstSignature },
    'fastai.text.models.core': { SequentialRNN: firstSignature },
    'fastai.layers': { 'LinBnDrop|ConvLayer|PoolFlatten': firstSignature },
    'torch.nn.parallel.data_parallel': { DataParallel: parallelSignature },
    'torch.nn.parallel.distributed': { DistributedDataParallel: parallelSignature },
    'torch._dynamo.eval_frame': { OptimizedModule: compiledSignature },
  },
};
