import type { BudgetLimits } from '../../python/budget.js';
import type { Names } from '../../python/context.js';
import { Evaluator } from '../../python/evaluator.js';
import { pythonNames } from '../../python/names.js';
import { RecordReader } from '../../python/records/index.js';
import type { ClassValue, Instance, Value } from '../../python/values.js';
import { isModuleRecord, Module } from '../../torch/module.js';
import { PyGlobal, PyObject, type PyValue } from '../../torch/python.js';
import { Tensor } from '../../torch/tensor.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { Lowering } from '../lowering/context.js';
import type { OwnSources } from '../lowering/own-code.js';
import { CPU } from '../torch-ops/dtypes.js';
import type { TorchEnv } from '../torch-ops/env.js';
import { numpyScalars } from '../torch-ops/numpy-scalars.js';
import { torchNames } from '../torch-ops/torch-names.js';
import { TraceEnv } from '../torch-ops/trace-env.js';
import type { TensorValue } from '../torch-ops/tensor-value.js';
import { fileTensor } from './file-tensor.js';
import { HookValue } from './hook-value.js';
import { ModuleInstances } from './module-instances.js';
import { programNames } from './names.js';

export interface ProgramOptions {
  readonly sources?: OwnSources | undefined;
  /** Names in addition to those of torch, Python and fastai's helpers. */
  readonly names?: readonly Names[];
  /** Values of records that this program does not know. */
  readonly foreign?: (record: PyValue) => Value | undefined;
  readonly budget?: BudgetLimits;
  /** The model that contains the file's modules, for their paths. */
  readonly model?: Module;
  readonly lowerings?: ReadonlyMap<string, Lowering>;
}

/** The code of a file, ready to be traced: one evaluator, and the values of the file's records. */
export class Program {
  readonly evaluator: Evaluator;
  readonly reader: RecordReader;
  readonly modules: ModuleInstances;
  #env: TraceEnv | undefined;
  readonly #tensors = new Map<Tensor, TensorValue>();

  private constructor({ sources, names = [], budget, model, lowerings, foreign }: ProgramOptions) {
    const env = (): TorchEnv => this.env;
    this.modules = new ModuleInstances(this, model, lowerings ?? new Map());
    this.evaluator = new Evaluator({
      names: [
        ...names,
        ...programNames(env, this.modules.classes, (name) => this.evaluator.resolve(name)),
        torchNames(env),
        numpyScalars,
        pythonNames,
      ],
      importer: (path) => sources?.module?.(this.evaluator, path),
      ...(budget && { budget }),
    });
    const { evaluator } = this;
    this.reader = new RecordReader({
      resolve: (name) => evaluator.resolve(name),
      foreign: (record) => this.#foreign(record) ?? foreign?.(record),
      source: (module, name) => sources?.lookup(evaluator, module, name),
      context: () => evaluator,
    });
  }

  /** A program traces one thing at a time: `on` sets the graph of its tensors. */
  static of(options: ProgramOptions = {}): Program {
    return new Program(options);
  }

  /** The graph in progress. */
  get env(): TraceEnv {
    if (this.#env) return this.#env;
    throw this.evaluator.unsupported('an operation on tensors outside of a model');
  }

  /** From now on, tensors belong to this graph. */
  on(graph: GraphBuilder): TraceEnv {
    this.#env = new TraceEnv(this.evaluator, graph);
    return this.#env;
  }

  value(record: PyValue): Value {
    return this.reader.value(record);
  }

  /** The class of an object. */
  classOf(record: PyObject): ClassValue {
    return this.reader.classOf(record);
  }

  /** A tensor of the file. */
  tensor(tensor: Tensor, name = 'tensor'): TensorValue {
    let value = this.#tensors.get(tensor);
    if (!value) {
      value = fileTensor(() => this.env, tensor, name);
      this.#tensors.set(tensor, value);
    }
    return value;
  }

  #foreign(record: PyValue): Value | undefined {
    if (record instanceof Tensor) return this.tensor(record);
    if (!(record instanceof PyObject)) return undefined;
    if (isModuleRecord(record)) return this.modules.ofRecord(record);
    if (!(record.cls instanceof PyGlobal)) return undefined;
    switch (record.cls.qualifiedName) {
      case 'torch.device':
        return CPU;
      case 'fastai.callback.hook.Hook':
        return new HookValue(record, this);
      default:
        return undefined;
    }
  }

  instanceOf(module: Module): Instance {
    return this.modules.instanceOf(module);
  }
}
