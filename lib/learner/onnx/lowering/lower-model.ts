import type { Module } from '../../torch/module.js';
import { GraphBuilder } from '../graph-builder.js';
import type { Graph, Value } from '../graph.js';
import { UnsupportedModuleError } from '../errors.js';
import { SizeNeededError } from '../torch-ops/size-needed.js';
import { flatten, LoweringContext, type Flow } from './context.js';
import { checkLayout } from './layout.js';
import type { InputSpec, ModelHints } from './lowering.js';
import type { OwnSources } from './own-code.js';
import { resultForm, type ResultForm } from './result-form.js';
import { isModuleList, lowerings, ownCodeOf, signatureOf } from './registry.js';

/** A model as a graph. */
export interface LoweredModel {
  readonly graph: Graph;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** How the model returned its outputs. */
  readonly form: ResultForm;
  readonly hints: ModelHints;
  /** Whether code of the file was traced. */
  readonly ownCode: boolean;
}

export interface LowerOptions {
  /** The inputs of the model, if they do not follow from its modules. */
  readonly inputs?: readonly InputSpec[];
  /**
   * How the model is called, if its arguments are not the inputs one by one: each of its arguments
   * is an input or a tuple of some.
   */
  readonly arrange?: (inputs: readonly Value[]) => readonly Flow[];
  /** Names of the results, in order. Default: the model's own, or output, output_1... */
  readonly outputs?: readonly string[];
  /**
   * False for a text classifier that never receives a chunk with padding at its start. Skipping
   * such chunks needs weights far larger than all others, and 8 bits cannot hold both.
   *
   * @default true
   */
  readonly skipsChunks?: boolean;
  /**
   * Whether its inputs are torch's own tensors. fastai's classes (`TensorText`, `TensorImage`) do
   * not use torch's fast paths, which give different results.
   *
   * @default true
   */
  readonly plainTensors?: boolean;
  /**
   * Whether the rows of a batch of texts are equally long, without padding.
   *
   * @default false
   */
  readonly equalRows?: boolean;
  /** Selects some of the model's results. @default all */
  readonly select?: (result: Flow) => Flow;
  /**
   * Whether fastai calls the model, which calls its `reset()` before each prediction.
   *
   * @default false
   */
  readonly resets?: boolean;
  /** The user's own files, if the file only names some classes of the model. */
  readonly sources?: OwnSources | undefined;
  /** Sizes of the inputs by name, if the model's code needs them; null sizes stay variable. */
  readonly sizes?: Readonly<Record<string, readonly (number | null)[]>> | undefined;
}

/**
 * Turns a model of the file into one ONNX graph, as the model computes in evaluation mode.
 *
 * @throws UnsupportedModuleError when a module's class or state is unknown, or when the inputs of
 * the model are.
 */
export function lowerModel(root: Module, options: LowerOptions = {}): LoweredModel {
  const signature = signatureOf(root);
  const specs = options.inputs ?? signature?.inputs;
  if (!specs) {
    const unknown = firstUnknown(root);
    throw unknown
      ? new UnsupportedModuleError(unknown.path, unknown.className)
      : new UnsupportedModuleError(root.path, root.className, 'its inputs are unknown');
  }
  const graph = new GraphBuilder();
  const ctx = new LoweringContext(graph, lowerings, options.skipsChunks);
  ctx.root = root;
  ctx.equalRows = options.equalRows ?? false;
  ctx.plainTensors = options.plainTensors ?? true;
  const inputs = specs.map(({ name, dtype, dims }) => {
    const sizes = options.sizes?.[name];
    return graph.input(
      name,
      dtype,
      dims.map((dim, axis) => (typeof dim === 'number' ? dim : (sizes?.[axis] ?? dim))),
    );
  });
  // Sequential models pass on one argument, so several inputs are passed as a tuple.
  const arranged = options.arrange?.(inputs) ?? inputs;
  const arguments_: readonly Flow[] = arranged.length === 1 ? arranged : [arranged];
  ctx.code = ownCodeOf(root, ctx, arranged.length === 1 ? undefined : arranged, options.sources);
  if (options.resets) ctx.code?.reset(root);
  const { select = (returned: Flow): Flow => returned } = options;
  const result = select(lowerRoot(ctx, root, arguments_, inputs));
  checkLayout(root, ctx.used);
  const names = options.outputs ?? signature?.outputs ?? ['output'];
  const outputs = flatten(result).map((value, i) =>
    graph.output(names[i] ?? `${names[0] ?? 'output'}_${i}`, value),
  );
  const hints = signature?.hints ?? { kind: 'module' };
  return {
    graph: graph.finish(),
    inputs,
    outputs,
    form: resultForm(result, ctx),
    hints,
    ownCode: ctx.code?.followed ?? false,
  };
}

/** The code that makes graphs for given sizes must know which sizes exist. */
function lowerRoot(
  ctx: LoweringContext,
  root: Module,
  args: readonly Flow[],
  inputs: readonly Value[],
): Flow {
  try {
    return ctx.lower(root, args);
  } catch (error) {
    if (error instanceof SizeNeededError) error.inputs = inputs;
    throw error;
  }
}

/** The first module without a lowering, in the order of the file. */
function firstUnknown(module: Module): Module | undefined {
  if (!lowerings.has(module.className) && !isModuleList(module)) return module;
  for (const child of module.children.values()) {
    const unknown = child ? firstUnknown(child) : undefined;
    if (unknown) return unknown;
  }
  return undefined;
}
