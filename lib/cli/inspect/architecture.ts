import { lowerings } from '../../learner/onnx/lowering/registry.js';
import type { Module } from '../../learner/torch/module.js';
import type { Tensor } from '../../learner/torch/tensor.js';

export interface ModuleFacts {
  /** Dotted path from the root; '' for the root. */
  readonly path: string;
  readonly class: string;
  /** Parameters of it and of what is in it, shared ones counted once. */
  readonly parameters: number;
  readonly depth: number;
  /** Whether its class can be turned into a graph. */
  readonly lowering: boolean;
}

/** The tree of a model, parents before children. */
export function architectureOf(root: Module): ModuleFacts[] {
  const facts: ModuleFacts[] = [];
  walk(root, 0, false, facts);
  return facts;
}

/** Parents whose lowering leaves their children to the children's own. */
const CONTAINER = /(?:^|\.)(?:Sequential\w*|ModuleList|ModuleDict|SequentialEx|SequentialRNN)$/;
/** Held, not called. */
const LIST = /(?:^|\.)(?:ModuleList|ModuleDict|ParameterList|ParameterDict)$/;

/** @param owned Whether a parent lowers this module itself. */
function walk(module: Module, depth: number, owned: boolean, facts: ModuleFacts[]): Set<Tensor> {
  const known = lowerings.has(module.className);
  const at = facts.length;
  const tensors = new Set<Tensor>();
  // Children come behind their parent, whose count needs them first.
  facts.push(undefined as never);
  for (const tensor of module.parameters.values()) if (tensor) tensors.add(tensor);
  const owns = owned || (known && !CONTAINER.test(module.className));
  for (const child of module.children.values()) {
    if (!child) continue;
    for (const tensor of walk(child, depth + 1, owns, facts)) tensors.add(tensor);
  }
  facts[at] = {
    path: module.path,
    class: module.className,
    parameters: [...tensors].reduce((sum, { numel }) => sum + numel, 0),
    depth,
    lowering: known || owned || LIST.test(module.className),
  };
  return tensors;
}
