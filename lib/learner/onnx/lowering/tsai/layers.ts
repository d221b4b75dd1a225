import { PyDict } from '../../../torch/python.js';
import { Value } from '../../graph.js';
import { lowerSequential, passThrough } from '../containers.js';
import type { Lowering } from '../context.js';
import { convolution } from '../conv.js';
import type { Expression } from '../expression.js';
import { joined, residual } from '../forward.js';
import { gelu, lowerActivationFunction } from '../functions.js';
import type { LoweringFamily } from '../lowering.js';
import { coordinates } from './coordinates.js';
import { as, chained, series, seriesMany, type SeriesScope } from './support.js';

/** The sizes after the batch; if empty, one. */
function shapeAttr(m: SeriesScope): number[] {
  const shape = m.ints('shape');
  // Versions before 0.3.6 also kept the batch for -1. Later versions lose it, which heads cannot
  // use.
  return shape.length === 0 ? [-1] : shape;
}

const reshape = series((m, x) => x.reshape(0, ...shapeAttr(m)));

const axisOf = (x: Expression, axis: number): number => (axis < 0 ? axis + x.rank : axis);

/** As in torch, a dimension of a size other than 1 stays. */
const squeeze = series((m, x) => {
  const dim = axisOf(x, m.int('dim', -1));
  return x.size(dim) === 1 ? x.squeeze(dim) : x;
});

/** The margins of TensorFlow's `same` for stride 1, regardless of the stride. */
function samePadding(size: number, dilation: number): [number, number] {
  const total = (size - 1) * dilation;
  return [total >> 1, total - (total >> 1)];
}

const sameConv1d = series((m, x) => {
  const margins = samePadding(m.int('ks'), m.int('dilation'));
  return m.run(x.pad({ 2: margins }), 'conv1d_same');
});

const sameConv2d = series((m, x) => {
  const [kernel, dilation] = [m.pair('ks'), m.pair('dilation')];
  const padded = x.pad({
    2: samePadding(kernel[0], dilation[0]),
    3: samePadding(kernel[1], dilation[1]),
  });
  return m.run(padded, 'conv2d_same');
});

/** A causal convolution: it does not use later steps. */
const causalConv: Lowering = (module, ctx, inputs) =>
  series((m, x) => {
    const padded = x.pad({ 2: [m.int('_CausalConv1d__padding'), 0] });
    return m.expression(convolution()(module, ctx, [padded.value]) as Value);
  })(module, ctx, inputs);

const chomp = (x: Expression, size: number): Expression => x.slice(2, 0, -size);

/** A function with further arguments; only functions of libraries that take none are supported. */
const lambda: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const [args, kwargs] = [module.attr('args'), module.attr('kwargs')];
  const plain =
    Array.isArray(args) && args.length === 0 && kwargs instanceof PyDict && kwargs.size === 0;
  const result = plain && lowerActivationFunction(ctx, module.attr('func'), x);
  if (result) return result;
  throw ctx.unsupported(module, 'it calls a function that the file does not define');
};

/** Two tensors; the second gates the first. */
const gated = (gate: (m: SeriesScope, x: Expression) => Expression): Lowering =>
  series((m, x) => {
    const [values, gates] = x.chunk(-1, 2);
    return values.mul(gate(m, gates));
  });

/** Calibration of logits, or of their logarithms for Dirichlet calibration. */
const calibrated = (scale: (m: SeriesScope, x: Expression) => Expression): Lowering =>
  series((m, x) => scale(m, m.bool('log_softmax', false) ? x.op('LogSoftmax', { axis: -1 }) : x));

/** A limit, which may be a tensor. */
function limited(m: SeriesScope, x: Expression, name: string, op: 'Max' | 'Min'): Expression {
  const value = m.module.tensor(name);
  if (value) return x.op(op, {}, m.expression(m.ctx.graph.initializer(value, name)));
  const number = m.optionalNumber(name);
  return number === null ? x : op === 'Max' ? x.atLeast(number) : x.atMost(number);
}

const clamp = series((m, x) => limited(m, limited(m, x, 'min', 'Max'), 'max', 'Min'));

/** Windows over a dimension, which become the last dimension: torch's `unfold`. */
const unfold = series((m, x) => {
  const [dim, size, step] = [axisOf(x, m.int('dim')), m.int('size'), m.int('step', 1)];
  const count = Math.floor((x.size(dim) - size) / step) + 1;
  m.require(count > 0, 'its windows are longer than its input');
  const places = Array.from({ length: count * size }, (_, i) => {
    const window = Math.floor(i / size);
    return window * step + (i % size);
  });
  const windows = x.gather(dim, m.indices(places, [count, size]));
  const rest = Array.from({ length: x.rank + 1 }, (_, axis) => axis).filter((a) => a !== dim + 1);
  return windows.permute(...rest, dim + 1);
});

/** Children that may pass on several values: a tuple becomes arguments. */
const sequential: Lowering = (module, ctx, inputs) => {
  const flows = [...module.children.values()].reduce((given, child) => {
    if (!child) throw ctx.unsupported(module, 'one of its children is not a module');
    const result = ctx.lower(child, given);
    return result instanceof Value ? [result] : result;
  }, inputs);
  return flows.length === 1 ? flows[0]! : flows;
};

/** Applies a module for rows to each step. */
const timeDistributed = series((m, x) => {
  if (x.rank === 2) return m.run(x, 'module');
  m.require(x.rank === 3, 'it takes [rows, steps, variables]');
  const rows = m.run(x.reshape(-1, x.size(2)), 'module');
  return rows.reshape(-1, x.size(1), rows.size(1));
});

/** (x + b)^2 / 4b up to b, then relu. */
const smelu = series((m, x) => {
  const beta = m.number('beta');
  const sum = x.add(beta);
  const near = x.op('Abs').op('LessOrEqual', {}, m.constant([beta], []));
  const { graph } = m.ctx;
  const smooth = sum.mul(sum).div(4 * beta);
  return x.of(graph.op('Where', [near.value, smooth.value, x.relu().value]));
});

const multiConv = series((m, x) =>
  joined([...(m.bool('keep_original') ? [x] : []), ...m.sideBySide(x, 'layers')], m.int('dim', 1)),
);

const squeezeExcite = series((m, x) => x.mul(m.run(x, 'avg_pool fc').unsqueeze(2)));

/** Category ids among the variables: an embedding for each, then the other variables. */
const multiEmbedding = series((m, x) => {
  const { graph } = m.ctx;
  const chosen = (name: string): Expression | undefined => {
    const places = m.tensor(name).toNumbers().map(Number);
    return places.length === 0 ? undefined : x.gather(1, m.indices(places));
  };
  const ids = chosen('cat_pos');
  m.require(ids !== undefined, 'it has no category');
  // Before 0.2.25, ids were truncated instead of rounded. For whole numbers, both are the same.
  const whole = ids!.of(graph.op('Cast', [ids!.op('Round').value], { to: 'int64' }));
  const embedded = m
    .list('cat_embed')
    .map((table, i) => m.call(table, whole.select(1, i)).permute(0, 2, 1));
  const others = chosen('cont_pos');
  return joined(others ? [...embedded, others] : embedded);
});

/** The output of a recurrent layer, without its last states. */
const firstOf: Lowering = (module, ctx, [flow]) => {
  if (flow instanceof Value) return ctx.graph.op('Gather', [flow, ctx.graph.scalar(0, 'int64')]);
  const [first] = flow ?? [];
  if (first === undefined) throw ctx.unsupported(module, 'it receives nothing');
  return first;
};

const permute = series((m, x) => x.permute(...m.ints('dims').map((dim) => axisOf(x, dim))));

const transpose = series((m, x) => {
  const [first, second] = m.ints('dims');
  m.require(first !== undefined && second !== undefined, 'its dims are not two');
  return x.transpose(first!, second!);
});

/** tsai's layers and the parts of its heads. */
export const tsaiLayers: LoweringFamily = {
  lowerings: {
    'tsai.models.layers': {
      SwishBeta: series((m, x) => x.mul(x.mul(m.requiredWeight('beta')).sigmoid())),
      SmeLU: smelu,
      Chomp1d: series((m, x) => chomp(x, m.int('chomp_size'))),
      Pad1d: as('torch.nn.modules.padding.ConstantPad1d'),
      Pad2d: as('torch.nn.modules.padding.ConstantPad2d'),
      'SameConv1d|Conv1dSame': sameConv1d,
      Conv2dSame: sameConv2d,
      CausalConv1d: causalConv,
      Conv1dCausal: series((m, x) => chomp(m.run(x, 'conv_causal'), m.int('chomp_size'))),
      SeparableConv1d: chained('depthwise_conv pointwise_conv'),
      AddCoords1d: series((m, x) => x.concat(1, coordinates(m, x))),
      'ConvBlock|LinLnDrop|PositionwiseFeedForward': lowerSequential,
      'create_conv_3d_head|create_conv_lin_3d_head|create_conv_lin_nd_head': lowerSequential,
      'create_lin_3d_head|create_lin_nd_head|lin_nd_head': lowerSequential,
      'rocket_nd_head|xresnet1d_nd_head': lowerSequential,
      ResBlock1dPlus: residual('convpath', 'act', 'idpath'),
      LambdaPlus: lambda,
      Squeeze: squeeze,
      Unsqueeze: series((m, x) => {
        const dim = m.int('dim', -1);
        return x.unsqueeze(dim < 0 ? dim + x.rank + 1 : dim);
      }),
      Add: seriesMany((_, x, y) => x!.add(y!)),
      Concat: seriesMany((m, ...parts) => joined(parts, m.int('dim', 1))),
      Unfold: unfold,
      Permute: permute,
      Transpose: transpose,
      'View|Reshape': reshape,
      Max: series((m, x) => {
        m.require(m.optionalNumber('dim') !== null, 'it takes the maximum of all elements');
        return x.max([axisOf(x, m.int('dim'))], m.bool('keepdim', false));
      }),
      LastStep: series((_, x) => x.select(x.rank - 1, -1)),
      SoftMax: series((m, x) => x.softmax(m.int('dim', -1))),
      'Clamp|Clip': clamp,
      ReZero: series((m, x) => x.add(m.requiredWeight('alpha').mul(m.run(x, 'module')))),
      'DropPath|GaussianNoise': passThrough,
      Sharpen: series((m, x) => {
        const sharp = x.op('Pow', {}, m.constant([1 / m.number('T')], []));
        return sharp.div(sharp.sum([1], true));
      }),
      Sequential: sequential,
      TimeDistributed: timeDistributed,
      Temp_Scale: calibrated((m, x) => x.div(m.requiredWeight('weight'))),
      Vector_Scale: calibrated((m, x) =>
        x.mul(m.requiredWeight('weight')).add(m.requiredWeight('bias')),
      ),
      Matrix_Scale: calibrated((m, x) => m.run(x, 'ms')),
      LogitAdjustmentLayer: series((m, x) => x.add(m.requiredWeight('class_priors'))),
      GEGLU: gated((m, x) => x.of(gelu(m.ctx, x.value))),
      ReGLU: gated((_, x) => x.relu()),
      SqueezeExciteBlock: squeezeExcite,
      MultiConv1d: multiConv,
      MultiConcatConv1d: series((m, x) => m.run(joined(m.sideBySide(x, 'layers')), 'to_output')),
      TokenLayer: series((m, x) =>
        m.attr('token') === null ? x.mean([x.rank - 1]) : x.select(x.rank - 1, 0),
      ),
      LSTMOutput: firstOf,
      TSEmbedding: as('torch.nn.modules.sparse.Embedding'),
      MultiEmbedding: multiEmbedding,
    },
  },
};
