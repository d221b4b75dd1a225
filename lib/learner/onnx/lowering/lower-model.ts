import type { Module } from '../../torch/module.js';
import { GraphBuilder } from '../graph-builder.js';
import type { Graph, Value } from '../graph.js';
import { UnsupportedModuleError } from '../errors.js';
import { flatten, LoweringContext, type Flow } from './context.js';
import type { InputSpec, ModelHints } from './lowering.js';
import { lowerings, signatureOf } from './registry.js';

/** A model as a graph. */
export interface LoweredModel {
  readonly graph: Graph;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly hints: ModelHints;
}

export interface LowerOptions {
  /** What the model takes, for models whose modules do not tell. */
  readonly inputs?: readonly InputSpec[];
  /** Names of the results, in order. Default: the model's own, or output, output_1... */
  readonly outputs?: readonly string[];
  /**
   * False for a text classifier that never meets a chunk which begins with padding: what skips such
   * chunks needs weights far larger than all others, which 8 bits cannot hold beside them.
   *
   * @default true
   */
  readonly skipsChunks?: boolean;
}

/**
 * Turns a model of the file into one ONNX graph, as the model computes in evaluation mode.
 *
 * @throws UnsupportedModuleError when a module's class or state is not known, or nothing tells what
 * the model takes.
 */
export function lowerModel(root: Module, options: LowerOptions = {}): LoweredModel {
  const signature = signatureOf(root);
  const specs = options.inputs ?? signature?.inputs;
  if (!specs) {
    const unknown = firstUnknown(root);
    throw unknown
      ? new UnsupportedModuleError(unknown.path, unknown.className)
      : new UnsupportedModuleError(root.path, root.className, 'nothing tells what inputs it takes');
  }
  const graph = new GraphBuilder();
  const ctx = new LoweringContext(graph, lowerings, options.skipsChunks);
  const inputs = specs.map(({ name, dtype, dims }) => graph.input(name, dtype, dims));
  // Sequential models hand one argument on; more inputs travel as a tuple.
  const arguments_: readonly Flow[] = inputs.length === 1 ? inputs : [inputs];
  const results = flatten(ctx.lower(root, arguments_));
  const names = options.outputs ?? signature?.outputs ?? ['output'];
  const outputs = results.map((value, i) =>
    graph.output(names[i] ?? `${names[0] ?? 'output'}_${i}`, value),
  );
  return { graph: graph.finish(), inputs, outputs, hints: signature?.hints ?? { kind: 'module' } };
}

/** The first module without a lowering, in the order of the file. */
function firstUnknown(module: Module): Module | undefined {
  if (!lowerings.has(module.className) && !isList(module)) return module;
  for (const child of module.children.values()) {
    const unknown = child ? firstUnknown(child) : undefined;
    if (unknown) return unknown;
  }
  return undefined;
}

/** Lists hold modules that their owner calls. */
function isList({ className }: Module): boolean {
  return /^torch\.nn\.modules\.container\.Module(List|Dict)$/.test(className);
}
