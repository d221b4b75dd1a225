import type { Module } from '../../torch/module.js';
import type { Value } from '../graph.js';
import type { Lowering, LoweringContext } from './context.js';

/** Children one after the other; one whose name ends in '?' may be absent or None. */
export function chain(
  ctx: LoweringContext,
  module: Module,
  x: Value,
  names: readonly string[],
): Value {
  return names.reduce((value, name) => {
    const optional = name.endsWith('?');
    const child = optional ? module.child(name.slice(0, -1)) : ctx.child(module, name);
    return child ? ctx.lowerValue(child, [value]) : value;
  }, x);
}

/** A module whose forward calls its children in turn. */
export function chained(...names: readonly string[]): Lowering {
  return (module, ctx, inputs) => chain(ctx, module, ctx.value(module, inputs), names);
}

/** [batch, channels, 1, 1] to [batch, channels]. */
export function flattenImage(ctx: LoweringContext, x: Value): Value {
  return ctx.graph.op('Flatten', [x], { axis: 1 });
}

/** The mean over all pixels, as [batch, channels]. */
export function pooledFeatures(ctx: LoweringContext, x: Value): Value {
  return flattenImage(ctx, ctx.graph.op('GlobalAveragePool', [x]));
}

/** `pieces` equal parts of the channels. */
export function splitChannels(
  ctx: LoweringContext,
  x: Value,
  channels: number,
  pieces: number,
): Value[] {
  const { graph } = ctx;
  const size = channels / pieces;
  return Array.from({ length: pieces }, (_, i) =>
    graph.op('Slice', [x, graph.axes(i * size), graph.axes((i + 1) * size), graph.axes(1)]),
  );
}
