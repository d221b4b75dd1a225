import type { Module } from '../../torch/module.js';
import { Value } from '../graph.js';
import { boolAttr, intAttr } from './attributes.js';
import { attendByMasks } from './attention.js';
import type { Given, Lowering, LoweringContext } from './context.js';
import { lowerActivationFunction } from './functions.js';
import { linear } from './linear.js';
import type { LoweringFamily } from './lowering.js';

const NOTHING_GIVEN: Given = new Map([['need_weights', false]]);

/**
 * Self-attention over [batch, positions, width] from the concatenated queries, keys and values of
 * all heads: [batch, positions, 3 * width], each head by head.
 */
function attend({ graph }: LoweringContext, qkv: Value, heads: number, width: number): Value {
  const size = width / heads;
  const split = graph.op('Reshape', [qkv, graph.axes(0, 0, 3 * heads, size)]);
  const byHead = graph.op('Transpose', [split], { perm: [0, 2, 1, 3] });
  const part = (which: number): Value => {
    const bounds = [which * heads, (which + 1) * heads, 1].map((bound) => graph.axes(bound));
    return graph.op('Slice', [byHead, ...bounds]);
  };
  const [query, key] = [part(0), part(1)];
  const scaled = graph.op('Mul', [query, graph.scalar(1 / Math.sqrt(size))]);
  const keys = graph.op('Transpose', [key], { perm: [0, 1, 3, 2] });
  const weights = graph.op('Softmax', [graph.op('MatMul', [scaled, keys])], { axis: -1 });
  const mixed = graph.op('MatMul', [weights, part(2)]);
  const back = graph.op('Transpose', [mixed], { perm: [0, 2, 1, 3] });
  return graph.op('Reshape', [back, graph.axes(0, 0, width)]);
}

/** torch's MultiheadAttention; for calls in code, it also returns the attention weights. */
const lowerMultihead: Lowering = (module, ctx, inputs, given) => {
  const [query, key, value] = inputs;
  if (!(query instanceof Value) || !(key instanceof Value) || !(value instanceof Value)) {
    throw ctx.unsupported(module, 'it takes queries, keys and values');
  }
  if (ctx.tensor(module, 'bias_k') || module.attr('add_zero_attn') === true) {
    throw ctx.unsupported(module, 'it adds positions to its keys (bias_k, add_zero_attn)');
  }
  const one = query === key && query === value && query.rank === 3;
  const packed = ctx.tensor(module, 'in_proj_weight') !== null;
  if (given || !one || !packed) {
    return attendByMasks(module, ctx, { query, key, value }, given ?? NOTHING_GIVEN);
  }
  const { graph } = ctx;
  const batchFirst = module.attr('batch_first') === true;
  const swap = (x: Value): Value =>
    batchFirst ? x : graph.op('Transpose', [x], { perm: [1, 0, 2] });
  const width = intAttr(module, 'embed_dim');
  const qkv = linear(
    ctx,
    swap(query),
    ctx.requiredWeight(module, 'in_proj_weight'),
    ctx.weight(module, 'in_proj_bias'),
  );
  const mixed = attend(ctx, qkv, intAttr(module, 'num_heads'), width);
  return swap(ctx.lowerValue(ctx.child(module, 'out_proj'), [mixed]));
};

/** The activation between the two linear layers: a module, or a function. */
function activate(module: Module, ctx: LoweringContext, x: Value): Value {
  const child = module.child('activation');
  if (child) return ctx.lowerValue(child, [x]);
  const func = module.attr('activation');
  // torch leaves the function out of the pickled state, and uses ReLU if it is missing.
  if (func === undefined) return ctx.graph.op('Relu', [x]);
  const result = lowerActivationFunction(ctx, func, x);
  if (!result) throw ctx.unsupported(module, 'its activation is an unknown function');
  return result;
}

/** The masks of an attention, by their names in the layer around it. */
function masksOf(given: Given | undefined, mask: string, padding: string): Given | undefined {
  const masks = new Map<string, Value | boolean>();
  for (const [from, to] of [
    [mask, 'attn_mask'],
    [padding, 'key_padding_mask'],
  ] as const) {
    const value = given?.get(from);
    if (value instanceof Value) masks.set(to, value);
  }
  return masks.size === 0 ? undefined : masks.set('need_weights', false);
}

/** The blocks of a layer in turn, each with its norm before it or after the sum. */
function blocks(
  module: Module,
  ctx: LoweringContext,
  x: Value,
  steps: readonly (readonly [norm: string, (value: Value) => Value])[],
): Value {
  const { graph } = ctx;
  const normed = (name: string, value: Value): Value =>
    ctx.lowerValue(ctx.child(module, name), [value]);
  const first = boolAttr(module, 'norm_first', false);
  return steps.reduce((value, [norm, compute]) => {
    if (first) return graph.op('Add', [value, compute(normed(norm, value))]);
    return normed(norm, graph.op('Add', [value, compute(value)]));
  }, x);
}

function attention(
  module: Module,
  ctx: LoweringContext,
  name: string,
  masks: Given | undefined,
): (query: Value, memory?: Value) => Value {
  const child = ctx.child(module, name);
  if (masks && child.className !== 'torch.nn.modules.activation.MultiheadAttention') {
    throw ctx.unsupported(module, `it gives masks to a ${child.className}`);
  }
  return (query, memory = query) => {
    const result = ctx.lower(child, [query, memory, memory], masks);
    return result instanceof Value ? result : (result[0] as Value);
  };
}

function feedForward(module: Module, ctx: LoweringContext): (x: Value) => Value {
  const child = (name: string, value: Value): Value =>
    ctx.lowerValue(ctx.child(module, name), [value]);
  return (x) => child('linear2', activate(module, ctx, child('linear1', x)));
}

/** torch's TransformerEncoderLayer: norms before the two blocks, or after them. */
const lowerEncoderLayer: Lowering = (module, ctx, inputs, given) => {
  const [x] = inputs;
  if (!(x instanceof Value)) return ctx.value(module, inputs);
  const attend = attention(
    module,
    ctx,
    'self_attn',
    masksOf(given, 'src_mask', 'src_key_padding_mask'),
  );
  return blocks(module, ctx, x, [
    ['norm1', (value) => attend(value)],
    ['norm2', feedForward(module, ctx)],
  ]);
};

/** The same, with an attention to the encoder's output in between. */
const lowerDecoderLayer: Lowering = (module, ctx, inputs, given) => {
  const [x, memory] = inputs;
  if (!(x instanceof Value) || !(memory instanceof Value)) {
    throw ctx.unsupported(module, 'it takes a target and a memory');
  }
  const own = attention(
    module,
    ctx,
    'self_attn',
    masksOf(given, 'tgt_mask', 'tgt_key_padding_mask'),
  );
  const other = attention(
    module,
    ctx,
    'multihead_attn',
    masksOf(given, 'memory_mask', 'memory_key_padding_mask'),
  );
  return blocks(module, ctx, x, [
    ['norm1', (value) => own(value)],
    ['norm2', (value) => other(value, memory)],
    ['norm3', feedForward(module, ctx)],
  ]);
};

/** Layers in turn, each with the same masks, then an optional norm. */
function stack(
  module: Module,
  ctx: LoweringContext,
  x: Value,
  others: readonly Value[],
  masks: Given | undefined,
): Value {
  let result = x;
  for (const layer of ctx.child(module, 'layers').children.values()) {
    if (!layer) continue;
    if (masks && !layer.className.startsWith('torch.nn.modules.transformer.')) {
      throw ctx.unsupported(module, `it gives masks to a ${layer.className}`);
    }
    result = ctx.lowerValue(layer, [result, ...others], masks);
  }
  const norm = module.child('norm');
  return norm ? ctx.lowerValue(norm, [result]) : result;
}

/** Tensors among the arguments, under the names that the next layer uses. */
function renamed(
  given: Given | undefined,
  names: Readonly<Record<string, string>>,
): Given | undefined {
  const result = new Map<string, Value>();
  for (const [from, to] of Object.entries(names)) {
    const value = given?.get(from);
    if (value instanceof Value) result.set(to, value);
  }
  return result.size > 0 ? result : undefined;
}

/**
 * Whether torch may pack the rows without their padding, which leaves zeros in its place. A row
 * that begins with padding prevents that for all rows in its batch.
 */
function nests(module: Module, ctx: LoweringContext, x: Value, given: Given | undefined): boolean {
  // Before torch 2.1, the single attribute is what the user requested, and the layers decide.
  const wanted = module.attr('use_nested_tensor') ?? module.attr('enable_nested_tensor');
  const [padding, mask] = [given?.get('src_key_padding_mask'), given?.get('mask')];
  const masked = padding instanceof Value && !(mask instanceof Value);
  return ctx.plainTensors && wanted === true && masked && x.rank === 3;
}

const lowerEncoder: Lowering = (module, ctx, inputs, given) => {
  const [x] = inputs;
  if (!(x instanceof Value)) return ctx.value(module, inputs);
  if (nests(module, ctx, x, given)) {
    throw ctx.unsupported(
      module,
      'with src_key_padding_mask, torch may skip padding and give zeros there ' +
        '(enable_nested_tensor), depending on all rows of a batch',
    );
  }
  const masks = renamed(given, {
    mask: 'src_mask',
    src_key_padding_mask: 'src_key_padding_mask',
  });
  return stack(module, ctx, x, [], masks);
};

const DECODER_MASKS = {
  tgt_mask: 'tgt_mask',
  memory_mask: 'memory_mask',
  tgt_key_padding_mask: 'tgt_key_padding_mask',
  memory_key_padding_mask: 'memory_key_padding_mask',
};

const lowerDecoder: Lowering = (module, ctx, inputs, given) => {
  const [x, memory] = inputs;
  if (!(x instanceof Value) || !(memory instanceof Value)) {
    throw ctx.unsupported(module, 'it takes a target and a memory');
  }
  return stack(module, ctx, x, [memory], renamed(given, DECODER_MASKS));
};

const lowerTransformer: Lowering = (module, ctx, inputs, given) => {
  const [source, target] = inputs;
  if (!(source instanceof Value) || !(target instanceof Value)) {
    throw ctx.unsupported(module, 'it takes a source and a target');
  }
  const memory = ctx.lowerValue(
    ctx.child(module, 'encoder'),
    [source],
    renamed(given, { src_mask: 'mask', src_key_padding_mask: 'src_key_padding_mask' }),
  );
  return ctx.lower(ctx.child(module, 'decoder'), [target, memory], renamed(given, DECODER_MASKS));
};

export const transformers: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.activation': { MultiheadAttention: lowerMultihead },
    'torch.nn.modules.transformer': {
      TransformerEncoderLayer: lowerEncoderLayer,
      TransformerEncoder: lowerEncoder,
      TransformerDecoderLayer: lowerDecoderLayer,
      TransformerDecoder: lowerDecoder,
      Transformer: lowerTransformer,
    },
  },
};
