import type { Module } from '../../torch/module.js';
import { GraphBuilder, type Step } from '../graph-builder.js';
import { Value, type Dim, type Graph } from '../graph.js';
import { LoweringContext, type Flow } from '../lowering/context.js';
import type { OwnSources } from '../lowering/own-code.js';
import { lowerings, ownCodeOf } from '../lowering/registry.js';
import { gradient, stepsBehind } from './backward.js';
import { NoGradientError } from './derivation.js';

/** Models of fastai's vision_learner: the body of a trained network, and the head. */
const SEQUENTIAL = 'torch.nn.modules.container.Sequential';

/** The last features of a model with positions in the image, and their consumer. */
interface Ending {
  readonly features: Value;
  readonly output: Value;
  /** The dimensions of height and width. */
  readonly places: readonly [number, number];
}

/**
 * An image classifier as a graph that explains it. It takes the image and `seed` [1, outputs],
 * which is 1 for the class, and returns `map` [1, height, width]: Grad-CAM before the relu.
 *
 * @param dims Sizes of the image: batch, channels, height and width.
 * @param sources The user's own files, if they contain the model's classes.
 * @throws UnsupportedModuleError as in `lowerModel`.
 * @throws NoGradientError if the class has no gradient by the features.
 */
export function gradCamGraph(model: Module, dims: readonly Dim[], sources?: OwnSources): Graph {
  const graph = new GraphBuilder('grad-cam');
  const ctx = new LoweringContext(graph, lowerings);
  ctx.code = ownCodeOf(model, ctx, undefined, sources);
  ctx.code?.reset(model);
  const image = graph.input('image', 'float32', dims);
  const { features, output, places } = endingOf(model, ctx, image);
  const seed = graph.input('seed', 'float32', output.shape ?? ['batch', 'outputs']);
  const slope = gradient(graph, output, features, seed);
  const weights = graph.op('ReduceMean', [slope], { axes: places, keepdims: 1 });
  const weighted = graph.op('Mul', [weights, features]);
  const channels = graph.axes(places[0] === 1 ? 3 : 1);
  graph.output('map', graph.op('ReduceSum', [weighted, channels], { keepdims: 0 }));
  return graph.finish();
}

function endingOf(model: Module, ctx: LoweringContext, image: Value): Ending {
  const [body, head, ...others] = [...model.children.values()];
  if (model.className !== SEQUENTIAL || !body || !head || others.length > 0) {
    return lastOf(ctx, image, ctx.lowerValue(model, [image]));
  }
  ctx.checkHooks(model);
  const features = ctx.lower(body, [image]);
  const output = ctx.lowerValue(head, [features]);
  return isImage(features) ? { features, output, places: [2, 3] } : lastOf(ctx, image, output);
}

/** For any other model: the operand of the operator after which no positions remain. */
function lastOf({ graph }: LoweringContext, image: Value, output: Value): Ending {
  const { steps } = graph;
  for (const step of steps.toReversed()) {
    const [features] = step.inputs;
    const places = features && collapsed(step, features);
    if (!places) continue;
    if (!isEnd(steps, features, image, output)) break;
    return { features, output, places };
  }
  throw new NoGradientError('the model', 'none of its last features has height and width');
}

/** The operand whose positions the operator removes. */
function collapsed(
  { op, outputs, attributes }: Step,
  x: Value,
): readonly [number, number] | undefined {
  if (!isImage(x)) return undefined;
  switch (op) {
    case 'GlobalAveragePool':
    case 'GlobalMaxPool':
      return [2, 3];
    case 'ReduceMean':
    case 'ReduceMax': {
      const axes = attributes['axes'] as readonly number[];
      const [first, second] = axes.map((axis) => (axis < 0 ? axis + 4 : axis)).sort();
      if (axes.length !== 2) return undefined;
      if (first === 2 && second === 3) return [2, 3];
      return first === 1 && second === 2 ? [1, 2] : undefined;
    }
    case 'Flatten':
    case 'Reshape': {
      const shape = outputs[0]?.shape;
      // Linear layers treat positions as rows of the batch.
      const isFlat = shape?.length === 2 && shape[0] === x.shape?.[0];
      return isFlat && !isCell(x) ? [2, 3] : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether the whole output depends on the features, and nothing after them has positions. */
function isEnd(steps: readonly Step[], features: Value, image: Value, output: Value): boolean {
  const needed = new Set([output.name]);
  for (const { inputs, outputs } of steps.toReversed()) {
    if (!outputs.some(({ name }) => needed.has(name) && name !== features.name)) continue;
    for (const input of inputs) if (input) needed.add(input.name);
  }
  const behind = stepsBehind(steps, features).steps;
  return !needed.has(image.name) && behind.every(({ outputs }) => outputs.every(isCell));
}

function isImage(flow: Flow): flow is Value {
  return flow instanceof Value && flow.rank === 4;
}

/** A vector for each image, perhaps with sizes of 1. */
function isCell({ shape }: Value): boolean {
  return shape !== undefined && shape.filter((size) => size !== 1).length <= 2;
}
