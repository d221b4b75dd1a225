import type { Module } from '../../torch/module.js';
import type { PyObject } from '../../torch/python.js';
import type { Tensor } from '../../torch/tensor.js';
import { UnsupportedModuleError } from '../errors.js';
import type { GraphBuilder } from '../graph-builder.js';
import { Value } from '../graph.js';
import { malformed } from './attributes.js';
import type { OwnCode } from './own-code.js';
import { applyKnownPreHooks, resolveHooks, storingHooks, type HookTarget } from './hooks.js';

/** The result of one module for the next: a value, or a tuple of values. */
export type Flow = Value | readonly Flow[];

export function flatten(flow: Flow): Value[] {
  return flow instanceof Value ? [flow] : flow.flatMap(flatten);
}

/**
 * Arguments of a forward by torch's names: see signatures.ts. Omitted and None arguments are
 * absent.
 */
export type Given = ReadonlyMap<string, Flow | boolean | number | string | readonly number[]>;

/**
 * Turns one module into nodes, as its `forward` in evaluation mode. `inputs` are the tensors that
 * it takes by position. `given` is set if code of the file called it, because that code may use
 * names.
 */
export type Lowering = (
  module: Module,
  ctx: LoweringContext,
  inputs: readonly Flow[],
  given?: Given,
) => Flow;

/** Lowers a tree of modules into one graph. */
export class LoweringContext implements HookTarget {
  readonly #overrides = new Map<Module, Map<string, Tensor>>();
  readonly #used = new Map<PyObject, Set<string>>();
  readonly #stored = new Map<PyObject, Flow>();
  readonly #kept = new WeakMap<Module, Map<string, unknown>>();
  /**
   * The input after an in-place layer (`nn.ReLU(inplace=True)`). Lowerings pass on results and can
   * ignore this, but code of the file may still hold the tensor.
   */
  readonly overwritten = new Map<Value, Value>();

  /**
   * The result in torch's form, if a lowering returns another form: for code of the file that uses
   * it.
   */
  readonly asTorch = new WeakMap<readonly Flow[], () => Flow>();
  /** The flows that code returned as a list, or as a dict, whose keys these are. */
  readonly containers = new WeakMap<readonly Flow[], 'list' | readonly string[]>();
  /** Modules of fastai that keep a state, and that `reset()` was called on since their last call. */
  readonly atStart = new WeakSet<Module>();
  /** Whether its inputs are torch's own tensors, for which torch may use fast paths. */
  plainTensors = true;
  /** Whether the rows of a batch of texts are equally long. */
  equalRows = false;
  /** Of files that have some. */
  code: OwnCode | undefined;
  /** The whole model. */
  root: Module | undefined;

  constructor(
    readonly graph: GraphBuilder,
    readonly lowerings: ReadonlyMap<string, Lowering>,
    /** Text classifiers skip chunks that begin with padding, as fastai does. */
    readonly skipsChunks = true,
  ) {}

  /** @throws UnsupportedModuleError if the class, or a hook on the module, is unknown. */
  lower(module: Module, inputs: readonly Flow[], given?: Given): Flow {
    const followed = this.code?.lower(module, inputs);
    if (followed) return followed;
    const lowering = this.lowerings.get(module.className);
    if (!lowering) throw new UnsupportedModuleError(module.path, module.className);
    this.enter(module);
    const output = this.graph.scoped(module.path, () => lowering(module, this, inputs, given));
    for (const hook of storingHooks(module) ?? []) this.#stored.set(hook, output);
    return output;
  }

  /** The value that a fastai `Hook` stored: the last output of its module. */
  stored(hook: PyObject): Flow | undefined {
    return this.#stored.get(hook);
  }

  /** Keeps the output of a module for its fastai `Hook`. */
  store(hook: PyObject, output: Flow): void {
    this.#stored.set(hook, output);
  }

  /** Applies the known pre-hooks of a module whose other hooks are traced. */
  applyPreHooks(module: Module): void {
    applyKnownPreHooks(module, this);
  }

  /**
   * Applies the module's hooks, or refuses them. For modules that their owner lowers.
   *
   * @throws UnsupportedModuleError
   */
  checkHooks(module: Module): void {
    resolveHooks(module, this);
  }

  /** The same for a module whose result is used completely. */
  enter(module: Module): void {
    this.checkHooks(module);
    if (!this.#used.has(module.record)) this.#used.set(module.record, new Set());
  }

  /**
   * The modules that were called, or entered by their owner, and the names of their tensors that
   * were read.
   */
  get used(): ReadonlyMap<PyObject, ReadonlySet<string>> {
    return this.#used;
  }

  /** The same for a module that returns one tensor. */
  lowerValue(module: Module, inputs: readonly Flow[], given?: Given): Value {
    const output = this.lower(module, inputs, given);
    if (output instanceof Value) return output;
    throw this.unsupported(module, 'its result is a tuple where one tensor is needed');
  }

  /** The only input of a module that takes one tensor. */
  value(module: Module, inputs: readonly Flow[]): Value {
    const [input] = inputs;
    if (inputs.length === 1 && input instanceof Value) return input;
    throw this.unsupported(module, `it takes one tensor, but receives ${inputs.length} inputs`);
  }

  child(module: Module, name: string): Module {
    const child = module.child(name);
    if (!child) throw malformed(module, `it has no child module ${name}`);
    return child;
  }

  /**
   * The tensor that `forward` uses under this name; another module or a hook may have set it.
   */
  tensor(module: Module, name: string): Tensor | null {
    this.#used.get(module.record)?.add(name);
    return this.#overrides.get(module)?.get(name) ?? module.tensor(name) ?? null;
  }

  /** The same for a tensor that the class always has. */
  requiredTensor(module: Module, name: string): Tensor {
    const tensor = this.tensor(module, name);
    if (!tensor) throw malformed(module, `it has no tensor ${name}`);
    return tensor;
  }

  /** As an initializer of the graph; undefined if the module has None. */
  weight(module: Module, name: string): Value | undefined {
    const tensor = this.tensor(module, name);
    return tensor ? this.graph.initializer(tensor, name) : undefined;
  }

  requiredWeight(module: Module, name: string): Value {
    return this.graph.initializer(this.requiredTensor(module, name), name);
  }

  /** Computes a value from a module's weights once, however often the module is called. */
  once<T>(module: Module, key: string, make: () => T): T {
    let kept = this.#kept.get(module);
    if (!kept) this.#kept.set(module, (kept = new Map()));
    if (!kept.has(key)) kept.set(key, make());
    return kept.get(key) as T;
  }

  override(module: Module, name: string, tensor: Tensor): void {
    let tensors = this.#overrides.get(module);
    if (!tensors) this.#overrides.set(module, (tensors = new Map()));
    tensors.set(name, tensor);
  }

  /** @param needsSize Whether images of one size, or of the named size, would work. */
  unsupported(module: Module, reason: string, needsSize = false): UnsupportedModuleError {
    const sizes = needsSize ? 'learner' : undefined;
    return new UnsupportedModuleError(module.path, module.className, reason, sizes);
  }
}
