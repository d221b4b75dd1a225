import type { Names } from '../../python/context.js';
import { TYPES } from '../../python/types.js';
import { Builtin, ClassValue, ModuleValue, type Value } from '../../python/values.js';
import type { Lowering } from '../lowering/context.js';
import { isFunctionLayer, layerClasses } from '../torch-ops/nn/layers.js';
import { TensorValue } from '../torch-ops/tensor-value.js';
import { containerMethods, moduleMethods } from './module-methods.js';
import type { ModuleHost } from './module-host.js';

const MODULE = 'torch.nn.modules.module.Module';
const CONTAINERS = 'torch.nn.modules.container';

/** Bases that matter for `isinstance` and `super()`, other than `Module` itself. */
const BASES: Readonly<Record<string, string>> = {
  'fastai.layers.ConvLayer': `${CONTAINERS}.Sequential`,
  'fastai.layers.LinBnDrop': `${CONTAINERS}.Sequential`,
  'fastai.layers.PoolFlatten': `${CONTAINERS}.Sequential`,
  'fastai.layers.SimpleCNN': `${CONTAINERS}.Sequential`,
  'fastai.layers.Embedding': 'torch.nn.modules.sparse.Embedding',
  'fastai.text.models.core.SequentialRNN': `${CONTAINERS}.Sequential`,
  'fastai.vision.models.xresnet.XResNet': `${CONTAINERS}.Sequential`,
  'fastai.vision.models.unet.DynamicUnet': 'fastai.layers.SequentialEx',
  'fastai.collab.EmbeddingNN': 'fastai.tabular.model.TabularModel',
};

/** Modules under which code names the classes of torch. */
const SHORT_HOMES = ['torch.nn.', 'torch.nn.modules.'];
/** Classes that are exactly `torch.nn.Module`. */
const PLAIN = new Set(['fastai.torch_core.Module', 'fastai.basics.Module', 'fastcore.meta.Module']);

/** Classes with a `reset()`. */
const RESETTABLE = new Set([
  'fastai.text.models.awdlstm.AWD_LSTM',
  'fastai.text.models.core.SentenceEncoder',
  'fastai.text.models.core.SequentialRNN',
]);

/** Layers around a function. */
const LAMBDAS = new Set(['fastai.layers.Lambda', 'fastai.layers.PartialLambda']);
const callsFunction = new Builtin(
  'forward',
  (ctx, [self, ...args]) => ctx.call(ctx.getAttr(self ?? null, 'func'), args),
  true,
);

const MODULES = new Set([
  'torch.nn.modules',
  'torch.nn.utils',
  'torch.nn.utils.rnn',
  'torch.nn.init',
  'torch.nn.parameter',
  'torch.utils',
  'torch.utils.checkpoint',
  'fastai',
  'fastai.layers',
]);

/** The classes of torch, fastai, torchvision and timm with a lowering. */
export class ModuleClasses implements Names {
  readonly #classes = new Map<string, ClassValue>();
  /** torch's own classes such as `Linear`, by their last name. */
  readonly #short = new Map<string, string>();
  readonly base: ClassValue;
  readonly #parameter: ClassValue;

  constructor(
    private readonly host: ModuleHost,
    private readonly lowerings: ReadonlyMap<string, Lowering>,
  ) {
    this.base = new ClassValue('Module', MODULE, [TYPES.object], moduleMethods(host));
    this.#classes.set(MODULE, this.base);
    for (const name of PLAIN) this.#classes.set(name, this.base);
    for (const name of [
      'Sequential',
      'ModuleList',
      'ModuleDict',
      'ParameterList',
      'ParameterDict',
    ]) {
      this.#add(`${CONTAINERS}.${name}`, containerMethods(host, name));
    }
    this.#parameter = new ClassValue('Parameter', 'torch.nn.parameter.Parameter', [], [], {
      has: (value) => value instanceof TensorValue && value.isParameter,
      construct: (_, __, args) => args[0] ?? null,
      opaque: true,
    });
    for (const name of [MODULE, ...layerClasses, ...lowerings.keys(), ...this.#classes.keys()]) {
      if (name.startsWith('torch.nn.modules.')) {
        this.#short.set(name.slice(name.lastIndexOf('.') + 1), name);
      }
    }
  }

  #add(qualified: string, attrs: Iterable<readonly [string, Value]> = []): ClassValue {
    const short = qualified.slice(qualified.lastIndexOf('.') + 1);
    const base = Object.hasOwn(BASES, qualified) ? this.classOf(BASES[qualified]!) : undefined;
    const bases = [base ?? this.base];
    const all = new Map(attrs);
    if (LAMBDAS.has(qualified)) all.set('forward', callsFunction);
    else if (this.lowerings.has(qualified) || isFunctionLayer(qualified))
      all.set('forward', this.host.knownForward(qualified));
    if (RESETTABLE.has(qualified)) all.set('reset', this.host.knownReset);
    const cls = new ClassValue(short, qualified, bases, all, this.host.constructorOf(qualified));
    this.#classes.set(qualified, cls);
    return cls;
  }

  /** The class with that full name; undefined if it has no lowering. */
  classOf(qualified: string): ClassValue | undefined {
    const known = this.#classes.get(qualified);
    if (known) return known;
    return this.lowerings.has(qualified) ||
      Object.hasOwn(BASES, qualified) ||
      isFunctionLayer(qualified)
      ? this.#add(qualified)
      : undefined;
  }

  resolve(name: string): Value | undefined {
    if (name === 'torch.nn.Parameter' || name === 'torch.nn.parameter.Parameter') {
      return this.#parameter;
    }
    if (MODULES.has(name)) return new ModuleValue(name);
    for (const home of SHORT_HOMES) {
      const full = name.startsWith(home) ? this.#short.get(name.slice(home.length)) : undefined;
      if (full) return this.classOf(full);
    }
    return this.classOf(name);
  }

  isModule(path: string): boolean {
    return MODULES.has(path);
  }
}
