import type { Module } from '../../../torch/module.js';
import type { PyValue } from '../../../torch/python.js';
import { asNumber } from '../../../torch/values.js';
import { entriesOf, plainSignature, type LoweringFamily, type SignatureOf } from '../lowering.js';

const LONGEST = 1_000_000;

const size = (value: PyValue | undefined): number | undefined => {
  const number = asNumber(value);
  return number !== undefined && Number.isSafeInteger(number) && number > 0 && number <= LONGEST
    ? number
    : undefined;
};

function* modulesOf(module: Module): Generator<Module> {
  yield module;
  for (const child of module.children.values()) if (child) yield* modulesOf(child);
}

/** The lengths of series that the modules of a model state, at most a few. */
export function lengthsOf(root: Module): number[] {
  const lengths = new Set<number>();
  for (const module of modulesOf(root)) {
    // Its steps are patches.
    if (module.className.endsWith('._TSTiEncoder')) continue;
    const length = size(module.attr('seq_len')) ?? patched(module) ?? embedded(module);
    if (length !== undefined) lengths.add(length);
    if (lengths.size === 4) break;
  }
  return [...lengths];
}

/** PatchTST stores its number of patches, not the length of its series. */
function patched(module: Module): number | undefined {
  const [count, length, stride] = ['patch_num', 'patch_len', 'stride'].map((name) =>
    size(module.attr(name)),
  );
  if (count === undefined || length === undefined || stride === undefined) return undefined;
  return size((count - 2) * stride + length);
}

/** A place for each step. */
const embedded = (module: Module): number | undefined =>
  size((module.tensor('pos_embed') ?? module.tensor('pos_enc'))?.shape[1]);

/** The number of variables of a module; null if no later module may determine it. */
type Told = (module: Module) => number | null | undefined;

const attribute =
  (name: string): Told =>
  (module) =>
    size(module.attr(name));
const unasked: Told = () => null;
const of =
  (...path: readonly string[]): Told =>
  (module) => {
    const child = path.reduce<Module | null | undefined>((at, name) => at?.child(name), module);
    return child ? variablesOf(child) : null;
  };

/** Without the groups of a splitter, the number of variables is unknown. */
const groups: Told = (module) => {
  const sizes = module.attr('feat_list');
  if (!Array.isArray(sizes) || sizes.some((one) => typeof one !== 'number')) return null;
  return size((sizes as number[]).reduce((sum, one) => sum + one, 0)) ?? null;
};

const categories: Told = (module) => {
  const [ids, others] = [module.tensor('cat_pos'), module.tensor('cont_pos')];
  return ids && others ? size((ids.shape[0] ?? 0) + (others.shape[0] ?? 0)) : null;
};

const TOLD: readonly (readonly [classes: RegExp, told: Told])[] = [
  [/^torch\.nn\.modules\.conv\.Conv1d$|\.CausalConv1d$/, attribute('in_channels')],
  [/^torch\.nn\.modules\.linear\.Linear$/, attribute('in_features')],
  [/^torch\.nn\.modules\.rnn\.(LSTM|GRU|RNN)$/, attribute('input_size')],
  [/\.(Mini|Multi)RocketFeatures(Plus)?$|\.RevIN$/, attribute('c_in')],
  [/\._Splitter$/, groups],
  [/\.MultiEmbedding$/, categories],
  // Their first layer is over the steps, or over the whole series.
  [/\.(MLP|HydraBackbonePlus|ConvTranBackbone|MultiInputNet)$/, unasked],
  [/\.HydraMultiRocketBackbonePlus$/, of('multirocket')],
  [/\.RNN_FCN\.\w+$|\._RNN_FCN_Base_Backbone$/, of('convblock1')],
  [
    /\.RNN_FCNPlus\.(?!_)\w+$/,
    (module) => of(module.child('backbone') ? 'backbone' : 'convblock1')(module),
  ],
  [/\.mWDN\.mWDN$/, (module) => of(module.child('_model') ? '_model' : 'classifier')(module)],
  [/\.mWDN\.mWDNPlus$/, of('backbone', '1')],
  [/\.gMLP\.gMLP$/, of('patcher')],
  [/\.XCM(Plus)?\.(XCM|_XCMPlus_Backbone)$/, of('conv1dblock')],
];

/** The number of variables that a model for series takes, from its first layer; null if unknown. */
function variablesOf(module: Module): number | null {
  const rule = TOLD.find(([classes]) => classes.test(module.className));
  if (rule) return rule[1](module) ?? null;
  let coordinates = 0;
  for (const child of module.children.values()) {
    if (!child) continue;
    if (child.className.endsWith('.AddCoords1d')) coordinates = 1;
    else if (hasLayer(child)) {
      const told = variablesOf(child);
      return told === null ? null : told - coordinates;
    }
  }
  return null;
}

const hasLayer = (module: Module): boolean =>
  TOLD.some(([classes]) => classes.test(module.className)) ||
  [...module.children.values()].some((child) => child !== null && hasLayer(child));

/**
 * The number of steps that a series must have: TST has a position for each, unless a convolution
 * joins some.
 */
function stepsOf(module: Module): number | undefined {
  if (!/\.(TST|TSTPlus|MultiTSTPlus|_TSTBackbone)$/.test(module.className)) return undefined;
  for (const each of modulesOf(module)) {
    if (each.attr('new_q_len') !== false) continue;
    const places = size(each.tensor('W_pos')?.shape[0]);
    if (places !== undefined && places > 1) return places;
  }
  return undefined;
}

/** A batch of series, [rows, variables, steps]. */
const seriesSignature: SignatureOf = (module) =>
  plainSignature({
    name: 'x',
    dtype: 'float32',
    dims: ['batch', variablesOf(module), stepsOf(module) ?? 'length'],
  });

/** Inner parts, which take other inputs. */
const INNER =
  /(Encoder|EncoderLayer|Block|GatingUnit|_gMLPBackbone|\.Attention(_Rel_\w+)?|Encoding|tAPE|Head|FeedForward|Flatten|MovingAverage|mWDNBlocks|MultiInputNet)$/;

/** The same family, with the inputs of its models. */
export function ofSeries(family: LoweringFamily): LoweringFamily {
  const models = entriesOf(family.lowerings).filter(([name]) => !INNER.test(name));
  const signatures: Record<string, Record<string, SignatureOf>> = {};
  for (const [name] of models) {
    const dot = name.lastIndexOf('.');
    (signatures[name.slice(0, dot)] ??= {})[name.slice(dot + 1)] = seriesSignature;
  }
  return { ...family, signatures };
}
