import { bind, signature } from '../../python/arguments.js';
import { setOfInstance } from '../../python/attributes.js';
import type { Context } from '../../python/context.js';
import {
  Builtin,
  Dict,
  Instance,
  List,
  Tuple,
  type Kwargs,
  type NativeClass,
  type Value,
} from '../../python/values.js';
import { Module } from '../../torch/module.js';
import { PyDict, PyGlobal, PyObject, type PyValue } from '../../torch/python.js';
import { Value as GraphValue } from '../graph.js';
import type { Flow, Given, Lowering, LoweringContext } from '../lowering/context.js';
import { forwardParameters } from '../lowering/signatures.js';
import { layerCall } from '../torch-ops/nn/layer-calls.js';
import { callAsFunction, makeLayer } from '../torch-ops/nn/layers.js';
import { isOfSizesAlone } from '../torch-ops/known-elements.js';
import { TensorValue } from '../torch-ops/tensor-value.js';
import { tensorsIn } from '../torch-ops/tables.js';
import { Flows } from './flows.js';
import { HookRunner } from './hook-runner.js';
import { ModuleClasses } from './module-classes.js';
import { withLayerSizes } from './layer-sizes.js';
import type { ModuleHost } from './module-host.js';
import { overriddenMethod } from './overrides.js';
import { ModelState } from './model-state.js';
import type { Program } from './program.js';

/** Their lowerings compute only the parts of them that a model needs. */
const SIMPLIFIED = new Set([
  'torch.nn.modules.activation.MultiheadAttention',
  'fastai.text.models.core.PoolingLinearClassifier',
  'fastai.text.models.core.LinearDecoder',
]);
const GROUPS = new Set(['_modules', '_parameters', '_buffers']);
/** torch's internal attributes of each module, which code does not read. */
const HIDDEN = new Set(['_forward_hooks', '_forward_pre_hooks']);

/** The modules of a file as Python objects. */
export class ModuleInstances implements ModuleHost {
  readonly classes: ModuleClasses;
  readonly #byRecord = new Map<PyObject, Instance>();
  readonly #modules = new Map<PyObject, Module>();
  /** Attributes that the code set. */
  readonly #written = new Map<Instance, Set<string>>();
  readonly #state = new ModelState();
  #lowering: LoweringContext | undefined;
  #flows: Flows | undefined;
  #hooks: HookRunner | undefined;

  constructor(
    private readonly program: Program,
    model: Module | undefined,
    private readonly lowerings: ReadonlyMap<string, Lowering>,
  ) {
    this.classes = new ModuleClasses(this, lowerings);
    if (model) this.#note(model);
  }

  #note(module: Module): void {
    if (this.#modules.has(module.record)) return;
    this.#modules.set(module.record, module);
    for (const child of module.children.values()) if (child) this.#note(child);
  }

  /** From now on, known layers are lowered into this. */
  on(lowering: LoweringContext): Flows {
    this.#lowering = lowering;
    const env = this.program.on(lowering.graph);
    env.mayWrite = (tensor) => this.#state.mayWrite(tensor);
    this.#flows = new Flows(env, lowering);
    this.#hooks = new HookRunner(this.program, lowering, this.#flows);
    return this.#flows;
  }

  get #context(): { lowering: LoweringContext; flows: Flows; hooks: HookRunner } {
    if (!this.#lowering || !this.#flows || !this.#hooks) {
      throw this.program.evaluator.unsupported('a call of a module outside of a model');
    }
    return { lowering: this.#lowering, flows: this.#flows, hooks: this.#hooks };
  }

  instanceOf(module: Module): Instance {
    if (!this.#modules.has(module.record)) this.#note(module);
    return this.ofRecord(module.record);
  }

  ofRecord(record: PyObject): Instance {
    const known = this.#byRecord.get(record);
    if (known) return known;
    let module = this.#modules.get(record);
    if (!module) {
      // A plain list or attribute holds it.
      module = Module.from(record);
      if (!module) throw this.program.evaluator.unsupported('a module that cannot be read');
      this.#note(module);
    }
    const instance = new Instance(this.program.classOf(record));
    instance.host = module;
    instance.lazy = (name) => this.#attribute(instance, module, name);
    this.#byRecord.set(record, instance);
    return instance;
  }

  #attribute(instance: Instance, module: Module, name: string): Value | undefined {
    if (name === 'training') return false;
    if (HIDDEN.has(name)) return undefined;
    if (GROUPS.has(name)) return this.#group(module, name);
    const held = this.program.reader.attribute(module.record, name);
    if (held !== undefined) this.#state.own(tensorsIn(held));
    // torch looks up registered values only if the class has no such attribute.
    if (held !== undefined || instance.cls.lookup(name) !== undefined) return held;
    if (module.parameters.has(name) || module.buffers.has(name)) return this.tensorOf(module, name);
    const child = module.children.get(name);
    return child && this.instanceOf(child);
  }

  #group(module: Module, name: string): Dict {
    const { keyOf } = this.program.evaluator;
    const dict = new Dict();
    const add = (key: string, value: Value): void => {
      dict.entries.set(keyOf.call(this.program.evaluator, key), [key, value]);
    };
    if (name === '_modules') {
      for (const [key, child] of module.children) add(key, child && this.instanceOf(child));
    } else {
      const group = name === '_parameters' ? module.parameters : module.buffers;
      for (const key of group.keys()) add(key, this.tensorOf(module, key));
    }
    return dict;
  }

  moduleOf(ctx: Context, self: Value): Module {
    if (self instanceof Instance && self.host instanceof Module) return self.host;
    throw ctx.unsupported('a module that the code made itself');
  }

  tensorOf(module: Module, name: string): TensorValue | null {
    const tensor = this.#lowering ? this.#lowering.tensor(module, name) : module.tensor(name);
    if (!tensor) return null;
    const value = this.program.tensor(tensor, module.path === '' ? name : `${module.path}.${name}`);
    value.isParameter = module.parameters.has(name);
    if (module.buffers.has(name) && !this.lowerings.has(module.className)) this.#state.own([value]);
    return value;
  }

  /** The value that a fastai `Hook` stored. */
  stored(hook: PyObject): Value {
    const { lowering, flows } = this.#context;
    const flow = lowering.stored(hook);
    return flow === undefined ? null : flows.valueOf(flow);
  }

  write(ctx: Context, self: Instance, name: string, value: Value): void {
    let names = this.#written.get(self);
    if (!names) this.#written.set(self, (names = new Set()));
    const before = self.attrs.get(name);
    // It is read before it is written: the result depends on the previous call.
    if (!names.has(name) && before !== undefined && before !== value) {
      const tensors = [...tensorsIn(before), ...tensorsIn(value)];
      if (
        tensors.length > 0 &&
        !this.#state.isReset(before, value) &&
        !this.#isRemade(before, value)
      ) {
        throw ctx.unsupported(
          `${self.cls.name}.${name} keeps a tensor of one call for the next, and the model's ` +
            'reset() does not set it',
        );
      }
    }
    names.add(name);
    setOfInstance(ctx, self, name, value);
  }

  /**
   * Whether it is a mask that code keeps for calls of the same size: computed from sizes alone, while
   * nothing was computed from the one before. Each graph makes its own.
   */
  #isRemade(before: Value, value: Value): boolean {
    const { graph } = this.program.env;
    const old = tensorsIn(before).map((tensor) => tensor.value);
    const made = tensorsIn(value).map((tensor) => tensor.value);
    const isUsed = graph.steps.some(
      ({ op, inputs }) =>
        op !== 'Shape' && inputs.some((one) => old.some((o) => o.name === one?.name)),
    );
    return made.length > 0 && !isUsed && made.every((one) => isOfSizesAlone(graph, one, old));
  }

  readonly knownReset = new Builtin(
    'reset',
    (ctx, [self]) => {
      const module = this.moduleOf(ctx, self ?? null);
      this.#context.lowering.atStart.add(module);
      for (const child of module.children.values()) if (child) this.reset(child);
      return null;
    },
    true,
  );

  /** `module.reset()`, if its class has it. */
  reset(module: Module): void {
    if (!this.lowerings.has(module.className) && !this.hasCode(module)) return;
    const instance = this.instanceOf(module);
    // Of a class that is only a name, it is not known that it has none.
    const has = instance.cls.lookup('reset') ?? module.record.attr('reset');
    if (has === undefined) return;
    const { evaluator } = this.program;
    this.#state.resetting(() => evaluator.call(evaluator.getAttr(instance, 'reset'), []));
  }

  constructorOf(className: string): NativeClass {
    return {
      opaque: true,
      construct: (ctx, _, args, kwargs) => {
        const short = className.slice(className.lastIndexOf('.') + 1);
        if (/\.container\.(Sequential|ModuleList)$/.test(className) && kwargs.size === 0) {
          const [first] = args;
          const list = short === 'ModuleList' && first !== undefined;
          return this.listOf(ctx, className, list ? [...ctx.iterate(first)] : args);
        }
        return this.ofRecord(makeLayer(ctx, className, args, kwargs));
      },
    };
  }

  listOf(ctx: Context, className: string, modules: readonly Value[]): Value {
    const dot = className.lastIndexOf('.');
    const record = new PyObject(new PyGlobal(className.slice(0, dot), className.slice(dot + 1)));
    record.attrs.set('_parameters', new PyDict());
    record.attrs.set('_buffers', new PyDict());
    const children = modules.map((module, i): [string, PyValue] => [
      String(i),
      this.moduleOf(ctx, module).record,
    ]);
    record.attrs.set('_modules', PyDict.from(children));
    return this.ofRecord(record);
  }

  call(ctx: Context, self: Instance, args: readonly Value[], kwargs: Kwargs): Value {
    const module = this.moduleOf(ctx, self);
    const { hooks } = this.#context;
    ctx.budget.enter();
    try {
      const given = hooks.before(module, self, args);
      const result = ctx.call(ctx.getAttr(self, 'forward'), given, kwargs);
      return hooks.after(module, self, given, result);
    } finally {
      ctx.budget.leave();
    }
  }

  knownForward(className: string): Builtin {
    return new Builtin(
      'forward',
      (ctx, [self, ...args], kwargs) => this.#known(ctx, self ?? null, className, args, kwargs),
      true,
    );
  }

  #known(
    ctx: Context,
    self: Value,
    className: string,
    args: readonly Value[],
    kwargs: Kwargs,
  ): Value {
    const module = this.moduleOf(ctx, self);
    const { lowering, flows } = this.#context;
    const lower = this.lowerings.get(className);
    const instance = self as Instance;
    const overridden = overriddenMethod(instance.cls, className);
    if (overridden !== undefined) {
      throw ctx.unsupported(
        `${instance.cls.name} overrides ${overridden}, which the forward of ${className} may call`,
      );
    }
    this.#refuseWritten(ctx, module);
    const { env } = this.program;
    const computed = callAsFunction(env, className, module, args, kwargs, lower !== undefined);
    if (computed !== undefined) return computed;
    if (!lower) throw ctx.unknown(className);
    // Weights of known layers are float32 in the graph.
    const isDouble = args.some((arg) => arg instanceof TensorValue && arg.dtype === 'float64');
    if (isDouble && hasWeights(module)) {
      throw ctx.unsupported(`a ${className} whose weights are float64 is not supported`);
    }
    const call = layerCall(env, className, module, args, kwargs);
    const { inputs, given } = this.#arguments(ctx, className, call.args, call.kwargs);
    if (lower.length < 4 && (given.size > inputs.length || SIMPLIFIED.has(className))) {
      const names = [...given.keys()].slice(inputs.length).join(', ') || 'all its results';
      throw ctx.unsupported(`${className} with ${names} is not supported`);
    }
    const lowered = lowering.graph.scoped(module.path, () =>
      lower(module, lowering, inputs, given),
    );
    const output = withLayerSizes(env, className, module, inputs[0], lowered);
    // In-place layers change the tensor that the code still holds.
    for (const tensor of [...call.args, ...kwargs.values()].flatMap(tensorsIn)) {
      let left = lowering.overwritten.get(tensor.value);
      if (!left) continue;
      lowering.overwritten.delete(tensor.value);
      for (let next = lowering.overwritten.get(left); next; next = lowering.overwritten.get(left)) {
        left = next;
      }
      tensor.assign(left);
      if (lowered === left) return call.finish(tensor);
    }
    return call.finish(flows.valueOf(output));
  }

  /** Known layers compute with the values in the file. */
  #refuseWritten(ctx: Context, module: Module): void {
    if (this.#written.size === 0) return;
    const instance = this.#byRecord.get(module.record);
    const names = instance && this.#written.get(instance);
    if (names && module.record.cls instanceof PyGlobal) {
      throw ctx.unsupported(`an assignment to ${[...names].join(', ')} of a ${module.className}`);
    }
    for (const child of module.children.values()) if (child) this.#refuseWritten(ctx, child);
  }

  #arguments(
    ctx: Context,
    className: string,
    args: readonly Value[],
    kwargs: Kwargs,
  ): { inputs: Flow[]; given: Given } {
    const { flows } = this.#context;
    const parameters = signature(forwardParameters(className));
    const positional = parameters.parameters.filter((parameter) => parameter.positional);
    if (args.length > positional.length && kwargs.size === 0) {
      // Lowerings of models with their own inputs check them.
      return { inputs: args.map((arg) => flows.flowOf(arg)), given: new Map() };
    }
    const { bound } = bind(ctx, className, parameters, args, kwargs);
    const given = new Map<string, Flow | boolean | number | string | readonly number[]>();
    const inputs: Flow[] = [];
    let leading = true;
    for (const { name } of parameters.parameters) {
      const value = bound[name];
      if (value === undefined || value === null) {
        leading = false;
        continue;
      }
      const argument = this.#argument(ctx, value);
      given.set(name, argument);
      if (leading && (argument instanceof GraphValue || isFlows(argument))) inputs.push(argument);
      else leading = false;
    }
    return { inputs, given };
  }

  #argument(ctx: Context, value: Value): Flow | boolean | number | string | readonly number[] {
    if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') {
      return value;
    }
    if (typeof value === 'bigint') return Number(value);
    if (value instanceof Tuple || value instanceof List) {
      const numbers =
        value.items.length > 0 && value.items.every((item) => typeof item === 'bigint');
      if (numbers) return value.items.map((item) => Number(ctx.index(item)));
    }
    return this.#context.flows.flowOf(value);
  }

  /** Whether the module's class has a forward, its own or that of a known base. */
  hasCode(module: Module): boolean {
    const forward = this.instanceOf(module).cls.lookup('forward');
    return forward !== undefined && forward !== this.classes.base.attrs.get('forward');
  }
}

const hasWeights = (module: Module): boolean =>
  module.parameters.size > 0 ||
  [...module.children.values()].some((child) => child && hasWeights(child));

const isFlows = (value: unknown): value is readonly Flow[] =>
  Array.isArray(value) && value.every((item) => item instanceof GraphValue || isFlows(item));
