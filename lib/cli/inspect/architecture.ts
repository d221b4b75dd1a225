import { loadLowerings, lowerings } from '../../learner/onnx/lowering/registry.js';
import { PyObject } from '../../learner/torch/python.js';
import type { Module } from '../../learner/torch/module.js';
import type { Tensor } from '../../learner/torch/tensor.js';

export interface ModuleFacts {
  /** Dotted path from the root; '' for the root. */
  readonly path: string;
  readonly class: string;
  /** The parameters of the module and its children; shared ones count once. */
  readonly parameters: number;
  readonly depth: number;
  /** Whether its class can be turned into a graph: it is known, or its code is available. */
  readonly lowering: boolean;
}

/**
 * The tree of a model, parents before children.
 *
 * @param withSources Whether source was given for classes that the file only names.
 */
export async function architectureOf(root: Module, withSources = false): Promise<ModuleFacts[]> {
  await loadLowerings(root, withSources);
  const facts: ModuleFacts[] = [];
  walk(root, { depth: 0, owned: false, withSources }, facts);
  return facts;
}

/** Parents whose lowering leaves their children to the children's own. */
const CONTAINER = /(?:^|\.)(?:Sequential\w*|ModuleList|ModuleDict|SequentialEx|SequentialRNN)$/;
/** Held, not called. */
const LIST = /(?:^|\.)(?:ModuleList|ModuleDict|ParameterList|ParameterDict)$/;

interface Place {
  readonly depth: number;
  /** Whether a parent lowers this module itself. */
  readonly owned: boolean;
  readonly withSources: boolean;
}

function walk(module: Module, place: Place, facts: ModuleFacts[]): Set<Tensor> {
  const { depth, owned, withSources } = place;
  const known = lowerings.has(module.className);
  const hasCode = module.record.cls instanceof PyObject || withSources;
  const at = facts.length;
  const tensors = new Set<Tensor>();
  // Children come after their parent, but its count needs them first.
  facts.push(undefined as never);
  for (const tensor of module.parameters.values()) if (tensor) tensors.add(tensor);
  const owns = owned || (known && !CONTAINER.test(module.className));
  for (const child of module.children.values()) {
    if (!child) continue;
    for (const tensor of walk(child, { depth: depth + 1, owned: owns, withSources }, facts))
      tensors.add(tensor);
  }
  facts[at] = {
    path: module.path,
    class: module.className,
    parameters: [...tensors].reduce((sum, { numel }) => sum + numel, 0),
    depth,
    lowering: known || owned || hasCode || LIST.test(module.className),
  };
  return tensors;
}
