import type { Context } from '../../../python/context.js';
import { List, Tuple, type Kwargs, type Value } from '../../../python/values.js';
import { bind, signature } from '../../../python/arguments.js';
import type { Module } from '../../../torch/module.js';
import { PyDict, PyGlobal, PyObject, PyTuple, type PyValue } from '../../../torch/python.js';
import { Tensor } from '../../../torch/tensor.js';
import type { TorchEnv } from '../env.js';
import { SymSize } from '../size.js';

/**
 * A layer without weights: the parameters of its constructor with their defaults, and the function
 * that computes it. The function takes the inputs, and then attributes by name.
 */
interface LayerClass {
  readonly constructor: string;
  readonly compute: string;
  /** Names of the tensors that it takes. Default: one. */
  readonly inputs?: number;
  /**
   * Attributes that are parameters of the function under the same names. Default: all of the
   * constructor.
   */
  readonly attributes?: string;
  /** Parameters of its forward that the function has under the same names. */
  readonly forward?: string;
  /** Arguments that the class fixes: `mode: 'bilinear'`. */
  readonly fixed?: Readonly<Record<string, PyValue>>;
}

const layer = (
  constructor: string,
  compute: string,
  more: Omit<LayerClass, 'constructor' | 'compute'> = {},
): LayerClass => ({ constructor, compute, ...more });

const POOL = 'kernel_size, stride=None, padding=0';
const MAX_POOL = `${POOL}, dilation=1, return_indices=False, ceil_mode=False`;
const AVG_POOL = `${POOL}, ceil_mode=False, count_include_pad=True`;
const LP_POOL = 'norm_type, kernel_size, stride=None, ceil_mode=False';
const OLD = 'size_average=None, reduce=None';
const WINDOW = 'kernel_size, dilation=1, padding=0, stride=1';

/** `X|Y`: both; `Xnd`: X1d, X2d and X3d. */
const CLASSES: Readonly<Record<string, Readonly<Record<string, LayerClass>>>> = {
  'torch.nn.modules.activation': {
    ReLU: layer('inplace=False', 'F.relu'),
    ReLU6: layer('inplace=False', 'F.relu6'),
    LeakyReLU: layer('negative_slope=0.01, inplace=False', 'F.leaky_relu'),
    ELU: layer('alpha=1.0, inplace=False', 'F.elu'),
    CELU: layer('alpha=1.0, inplace=False', 'F.celu'),
    SELU: layer('inplace=False', 'F.selu'),
    GELU: layer("approximate='none'", 'F.gelu'),
    SiLU: layer('inplace=False', 'F.silu'),
    Mish: layer('inplace=False', 'F.mish'),
    Sigmoid: layer('', 'torch.sigmoid'),
    Tanh: layer('', 'torch.tanh'),
    Hardtanh: layer('min_val=-1.0, max_val=1.0, inplace=False', 'F.hardtanh'),
    Hardswish: layer('inplace=False', 'F.hardswish'),
    Hardsigmoid: layer('inplace=False', 'F.hardsigmoid'),
    Softplus: layer('beta=1.0, threshold=20.0', 'F.softplus'),
    Softsign: layer('', 'F.softsign'),
    LogSigmoid: layer('', 'F.logsigmoid'),
    Tanhshrink: layer('', 'F.tanhshrink'),
    Softshrink: layer('lambd=0.5', 'F.softshrink'),
    Hardshrink: layer('lambd=0.5', 'F.hardshrink'),
    Threshold: layer('threshold, value, inplace=False', 'F.threshold'),
    GLU: layer('dim=-1', 'F.glu'),
    Softmax: layer('dim=None', 'F.softmax'),
    LogSoftmax: layer('dim=None', 'F.log_softmax'),
    Softmin: layer('dim=None', 'F.softmin'),
    Softmax2d: layer('', 'F.softmax', { fixed: { dim: -3 }, attributes: 'dim' }),
  },
  'torch.nn.modules.pooling': {
    MaxPoolnd: layer(MAX_POOL, 'F.max_poolnd'),
    AvgPool1d: layer(AVG_POOL, 'F.avg_pool1d'),
    'AvgPool2d|AvgPool3d': layer(`${AVG_POOL}, divisor_override=None`, 'F.avg_poolnd'),
    MaxUnpoolnd: layer(POOL, 'F.max_unpoolnd', { forward: 'input, indices, output_size=' }),
    LPPoolnd: layer(LP_POOL, 'F.lp_poolnd'),
    AdaptiveAvgPoolnd: layer('output_size', 'F.adaptive_avg_poolnd'),
    AdaptiveMaxPoolnd: layer('output_size, return_indices=False', 'F.adaptive_max_poolnd'),
  },
  'torch.nn.modules.upsampling': {
    Upsample: layer(
      "size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None",
      'F.interpolate',
    ),
    UpsamplingNearest2d: layer('size=None, scale_factor=None', 'F.interpolate', {
      fixed: { mode: 'nearest' },
      attributes: 'size, scale_factor, mode',
    }),
    UpsamplingBilinear2d: layer('size=None, scale_factor=None', 'F.interpolate', {
      fixed: { mode: 'bilinear', align_corners: true },
      attributes: 'size, scale_factor, mode, align_corners',
    }),
  },
  'torch.nn.modules.padding': {
    ZeroPadnd: layer('padding', 'pad', { fixed: { value: 0 } }),
    ConstantPadnd: layer('padding, value', 'pad'),
    ReflectionPadnd: layer('padding', 'pad', { fixed: { mode: 'reflect' } }),
    ReplicationPadnd: layer('padding', 'pad', { fixed: { mode: 'replicate' } }),
    CircularPadnd: layer('padding', 'pad', { fixed: { mode: 'circular' } }),
  },
  'torch.nn.modules.flatten': {
    Flatten: layer('start_dim=1, end_dim=-1', 'torch.flatten'),
    Unflatten: layer('dim, unflattened_size', 'torch.unflatten', {
      attributes: 'dim, sizes=unflattened_size',
    }),
  },
  'torch.nn.modules.pixelshuffle': {
    PixelShuffle: layer('upscale_factor', 'F.pixel_shuffle'),
    PixelUnshuffle: layer('downscale_factor', 'F.pixel_unshuffle'),
  },
  'torch.nn.modules.channelshuffle': { ChannelShuffle: layer('groups', 'F.channel_shuffle') },
  'torch.nn.modules.fold': {
    Unfold: layer(WINDOW, 'F.unfold'),
    Fold: layer(`output_size, ${WINDOW}`, 'F.fold'),
  },
  'torch.nn.modules.normalization': {
    LocalResponseNorm: layer('size, alpha=0.0001, beta=0.75, k=1.0', 'F.local_response_norm'),
  },
  'torch.nn.modules.distance': {
    CosineSimilarity: layer('dim=1, eps=1e-8', 'F.cosine_similarity', { inputs: 2 }),
    PairwiseDistance: layer('p=2.0, eps=1e-6, keepdim=False', 'F.pairwise_distance', {
      inputs: 2,
      attributes: 'p=norm, eps, keepdim',
    }),
  },
  'torch.nn.modules.loss': {
    CrossEntropyLoss: layer(
      `weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', label_smoothing=0.0`,
      'F.cross_entropy',
      { inputs: 2, attributes: 'weight, ignore_index, reduction, label_smoothing' },
    ),
    NLLLoss: layer(
      `weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'`,
      'F.nll_loss',
      { inputs: 2, attributes: 'weight, ignore_index, reduction' },
    ),
    MSELoss: layer(`${OLD}, reduction='mean'`, 'F.mse_loss', {
      inputs: 2,
      attributes: 'reduction',
    }),
    L1Loss: layer(`${OLD}, reduction='mean'`, 'F.l1_loss', { inputs: 2, attributes: 'reduction' }),
    SmoothL1Loss: layer(`${OLD}, reduction='mean', beta=1.0`, 'F.smooth_l1_loss', {
      inputs: 2,
      attributes: 'reduction, beta',
    }),
    HuberLoss: layer(`reduction='mean', delta=1.0`, 'F.huber_loss', { inputs: 2 }),
    BCELoss: layer(`weight=None, ${OLD}, reduction='mean'`, 'F.binary_cross_entropy', {
      inputs: 2,
      attributes: 'weight, reduction',
    }),
    BCEWithLogitsLoss: layer(
      `weight=None, ${OLD}, reduction='mean', pos_weight=None`,
      'F.binary_cross_entropy_with_logits',
      { inputs: 2, attributes: 'weight, reduction, pos_weight' },
    ),
    KLDivLoss: layer(`${OLD}, reduction='mean', log_target=False`, 'F.kl_div', {
      inputs: 2,
      attributes: 'reduction, log_target',
    }),
  },
  'torch.nn.modules.linear': { Identity: layer('*args, **', '') },
  'einops.layers.torch': {
    Rearrange: layer('pattern, **', 'einops.rearrange', { attributes: 'pattern, **axes_lengths' }),
    Reduce: layer('pattern, reduction, **', 'einops.reduce', {
      attributes: 'pattern, reduction, **axes_lengths',
    }),
  },
  'fastai.layers': {
    Identity: layer('', ''),
    Flatten: layer('full=False', ''),
    SigmoidRange: layer('low, high', ''),
    'Mish|MishJit': layer('', 'F.mish'),
    'Swish|SwishJit': layer('', 'F.silu'),
    'View|ResizeBatch': layer('*size', ''),
  },
};

const known: ReadonlyMap<string, LayerClass> = new Map(
  Object.entries(CLASSES).flatMap(([home, classes]) =>
    Object.entries(classes).flatMap(([names, entry]) =>
      names
        .split('|')
        .flatMap((name) =>
          name.endsWith('nd') ? [1, 2, 3].map((n) => name.replace('nd', `${n}d`)) : [name],
        )
        .map((name) => {
          const [, dims] = /([123]d)$/.exec(name) ?? [];
          const compute = entry.compute.replace(/nd$/, dims ?? '');
          return [`${home}.${name}`, { ...entry, compute }] as const;
        }),
    ),
  ),
);

/** Layers that a forward cannot create: they draw random numbers, use the batch or have weights. */
const RANDOM = /\.(Dropout\w*|AlphaDropout|FeatureAlphaDropout|RReLU|FractionalMaxPool\w+)$/;
const OF_THE_BATCH = /\.(BatchNorm\w+|SyncBatchNorm)$/;
const WEIGHTED =
  /^torch\.nn\.modules\.(conv|linear|sparse|rnn|transformer|adaptive)\.|\.(MultiheadAttention|PReLU|LayerNorm|GroupNorm|RMSNorm|InstanceNorm\dd|ConvLayer|LinBnDrop)$/;

/**
 * Values that the code passed to a layer that it made, if the form of the file cannot hold them.
 */
const made = new WeakMap<PyObject, ReadonlyMap<string, Value>>();

/** The layers that a forward may make. */
export const layerClasses: readonly string[] = [...known.keys()];

/** Layers that a function computes. */
export const isFunctionLayer = (className: string): boolean =>
  (known.get(className)?.compute ?? '') !== '';

/**
 * `nn.Softmax(dim=1)` within a forward: the layer as a file would hold it.
 *
 * @throws UnsupportedCodeError if the layer's new weights would be random in Python as well
 */
export function makeLayer(
  ctx: Context,
  className: string,
  args: readonly Value[],
  kwargs: Kwargs,
): PyObject {
  const entry = known.get(className);
  const short = className.slice(className.lastIndexOf('.') + 1);
  if (!entry) throw refusal(ctx, className, short, args, kwargs);
  const values = constructed(ctx, short, entry, args, kwargs);
  const dot = className.lastIndexOf('.');
  const record = new PyObject(new PyGlobal(className.slice(0, dot), short));
  for (const group of ['_parameters', '_buffers', '_modules'])
    record.attrs.set(group, new PyDict());
  const special = new Map<string, Value>();
  for (const [name, value] of values) {
    const held = heldBy(value);
    if (held === undefined) special.set(name, value);
    else record.attrs.set(name, held);
  }
  for (const [name, value] of Object.entries(entry.fixed ?? {})) record.attrs.set(name, value);
  if (special.size > 0) {
    // Only a function takes tensors and unknown sizes.
    if (entry.compute === '') for (const value of special.values()) ctx.index(value);
    made.set(record, special);
  }
  return record;
}

function refusal(
  ctx: Context,
  className: string,
  short: string,
  args: readonly Value[],
  kwargs: Kwargs,
): Error {
  if (RANDOM.test(className)) {
    return ctx.unsupported(
      `nn.${short}(${args.length + kwargs.size > 0 ? '...' : ''}) that the forward creates ` +
        'is in training mode, so it draws random numbers',
    );
  }
  if (OF_THE_BATCH.test(className)) {
    return ctx.unsupported(
      `nn.${short} that the forward creates uses the statistics of the batch, so each row ` +
        'depends on the others',
    );
  }
  if (WEIGHTED.test(className)) {
    return ctx.unsupported(
      `nn.${short} that the forward creates has new weights, which are not in the file`,
    );
  }
  return ctx.unknown(`${className}(...) within a forward`);
}

/** The constructor's arguments, with defaults. */
function constructed(
  ctx: Context,
  short: string,
  entry: LayerClass,
  args: readonly Value[],
  kwargs: Kwargs,
): Map<string, Value> {
  const parts = entry.constructor.split(', ').filter((part) => part !== '');
  const text = parts.map((part) => part.replace(/=.*/, '=')).join(', ');
  const { bound, rest } = bind(ctx, short, signature(text), args, kwargs);
  const values = new Map<string, Value>();
  for (const part of parts) {
    const [name, absent] = part.split('=') as [string, string | undefined];
    if (name.startsWith('*')) {
      if (name === '*size') values.set('size', new Tuple([...rest]));
      continue;
    }
    const given = bound[name];
    values.set(name, given ?? (absent === undefined ? null : defaultOf(absent)));
  }
  return values;
}

function defaultOf(text: string): Value {
  if (text === 'None') return null;
  if (text === 'True' || text === 'False') return text === 'True';
  if (text.startsWith("'")) return text.slice(1, -1);
  return /^-?\d+$/.test(text) ? BigInt(text) : Number(text);
}

/** The value as a file holds it; undefined for tensors and unknown sizes. */
function heldBy(value: Value): PyValue | undefined {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || ['boolean', 'number', 'string'].includes(typeof value)) {
    return value as PyValue;
  }
  if (!(value instanceof Tuple || value instanceof List)) return undefined;
  const items = value.items.map(heldBy);
  return items.every((item) => item !== undefined) ? PyTuple.of_(items) : undefined;
}

/** An attribute of the layer as code sees it. */
function attributeOf(env: TorchEnv, module: Module, name: string): Value | undefined {
  const special = made.get(module.record)?.get(name);
  if (special !== undefined) return special;
  const tensor = module.parameters.get(name) ?? module.buffers.get(name);
  if (tensor) return env.tensor(env.graph.initializer(tensor, name), 'float32');
  const held = module.attr(name);
  return held === undefined || held instanceof Tensor ? undefined : valueOf(held);
}

function valueOf(held: PyValue): Value | undefined {
  if (held === null || typeof held === 'boolean' || typeof held === 'string') return held;
  if (typeof held === 'bigint') return held;
  if (typeof held === 'number') return Number.isInteger(held) ? BigInt(held) : held;
  if (!Array.isArray(held)) return undefined;
  const items = held.map(valueOf);
  return items.every((item) => item !== undefined) ? new Tuple(items) : undefined;
}

/**
 * The forward of a layer that is a function of its inputs and attributes; undefined for other
 * layers.
 *
 * @param lowered Whether the class has a lowering, which is used if the layer holds only numbers.
 */
export function callAsFunction(
  env: TorchEnv,
  className: string,
  module: Module,
  args: readonly Value[],
  kwargs: Kwargs,
  lowered: boolean,
): Value | undefined {
  const entry = known.get(className);
  if (!entry || entry.compute === '') return undefined;
  // A lowering returns one tensor.
  const isLowered = lowered && !made.has(module.record) && module.attr('return_indices') !== true;
  if (isLowered) return undefined;
  const names = entry.inputs === 2 ? 'input, target' : (entry.forward ?? 'input');
  const { bound } = bind(
    env.ctx,
    'forward',
    signature(className.includes('.distance.') ? 'x1, x2' : names),
    args,
    kwargs,
  );
  const inputs = entry.forward ? [] : (Object.values(bound) as Value[]);
  if (entry.compute === 'pad') return padded(env, className, module, inputs[0]!);
  const attributes = (entry.attributes ?? attributesOf(entry.constructor)).split(', ');
  const named = new Map<string, Value>();
  if (entry.forward) {
    for (const [name, value] of Object.entries(bound))
      if (value !== undefined) named.set(name, value);
  }
  for (const attribute of attributes.filter((name) => name !== '')) {
    if (attribute.startsWith('**')) {
      const held = module.attr(attribute.slice(2));
      for (const [key, size] of held instanceof PyDict ? held : []) {
        named.set(String(key), valueOf(size) ?? null);
      }
      continue;
    }
    const [name, from] = attribute.split('=') as [string, string | undefined];
    const value = attributeOf(env, module, from ?? name);
    if (value !== undefined && value !== null) named.set(name, value);
  }
  return env.apply(entry.compute, inputs, named);
}

const attributesOf = (constructor: string): string =>
  constructor
    .split(', ')
    .map((part) => part.replace(/=.*/, ''))
    .join(', ');

function padded(env: TorchEnv, className: string, module: Module, x: Value): Value {
  const padding = attributeOf(env, module, 'padding') ?? null;
  const dims = Number(/([123])d$/.exec(className)![1]);
  const single = typeof padding === 'bigint' || padding instanceof SymSize;
  const margins = single ? new Tuple(Array.from({ length: 2 * dims }, () => padding)) : padding;
  const mode = /\.Circular/.test(className)
    ? 'circular'
    : (attributeOf(env, module, 'mode') ?? 'constant');
  const value = attributeOf(env, module, 'value') ?? 0n;
  const named = new Map<string, Value>(mode === 'constant' ? [['value', value]] : []);
  return env.apply('F.pad', [x, margins, mode], named);
}
