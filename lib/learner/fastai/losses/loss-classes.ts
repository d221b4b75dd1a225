import type { Tensor } from 'onnxruntime-common';
import type { TorchEnv } from '../../onnx/torch-ops/env.js';
import type { Context, Names } from '../../python/context.js';
import { TYPES } from '../../python/types.js';
import { Builtin, ClassValue, type Value } from '../../python/values.js';
import { sigmoidOf, softmaxAlong, unchanged } from './activations.js';
import { argmax, greaterThan } from './axis.js';

/** A method of fastai's losses, on tensors of a graph and on whole tensors. */
interface Known {
  /** Uses the loss's own axis or threshold. */
  (ctx: Context, loss: Value): (tensor: Tensor) => Tensor;
}

const known = new WeakMap<Builtin, Known>();

/** The effect of a loss's method without a graph, for fastai's own losses. */
export function directly(ctx: Context, method: Value, loss: Value) {
  return method instanceof Builtin ? known.get(method)?.(ctx, loss) : undefined;
}

const axisOf = (ctx: Context, loss: Value): number => Number(ctx.getAttr(loss, 'axis'));

/** fastai's loss classes, for the notebook's classes that extend them. */
export function lossNames(env: () => TorchEnv): Names {
  const method = (
    name: string,
    graph: (ctx: Context, loss: Value, x: Value) => Value,
    direct: Known,
  ): readonly [string, Value] => {
    const builtin = new Builtin(name, (ctx, [loss = null, x = null]) => graph(ctx, loss, x), true);
    known.set(builtin, direct);
    return [name, builtin];
  };
  const along = (name: string, x: Value, dim: number): Value =>
    env().apply(name, [x], new Map([['dim', BigInt(dim)]]));
  const nothing = (name: string): readonly [string, Value] =>
    method(
      name,
      (_ctx, _loss, x) => x,
      () => unchanged,
    );
  const softmaxMethods = (axis: typeof axisOf): (readonly [string, Value])[] => [
    method(
      'activation',
      (ctx, loss, x) => along('torch.nn.functional.softmax', x, axis(ctx, loss)),
      (ctx, loss) => softmaxAlong(axis(ctx, loss)),
    ),
    method(
      'decodes',
      (ctx, loss, x) => along('torch.argmax', x, axis(ctx, loss)),
      (ctx, loss) => {
        const at = axis(ctx, loss);
        return (tensor) => argmax(tensor, at);
      },
    ),
  ];
  const last = (): number => -1;
  const make = (
    name: string,
    base: ClassValue,
    ...attrs: (readonly [string, Value])[]
  ): ClassValue => new ClassValue(name, `fastai.losses.${name}`, [base], attrs);
  const BaseLoss = make('BaseLoss', TYPES.object, nothing('activation'), nothing('decodes'));
  const binary = [
    method(
      'activation',
      (_ctx, _loss, x) => env().apply('torch.sigmoid', [x]),
      () => sigmoidOf,
    ),
    method(
      'decodes',
      (ctx, loss, x) => ctx.compare('>', x, ctx.getAttr(loss, 'thresh')),
      (ctx, loss) => {
        const threshold = Number(ctx.getAttr(loss, 'thresh'));
        return (tensor) => greaterThan(tensor, threshold);
      },
    ),
  ];
  const classes = [
    BaseLoss,
    make('CrossEntropyLossFlat', BaseLoss, ...softmaxMethods(axisOf)),
    make('FocalLossFlat', BaseLoss, ...softmaxMethods(axisOf)),
    make('LabelSmoothingCrossEntropyFlat', BaseLoss, ...softmaxMethods(last)),
    make('BCEWithLogitsLossFlat', BaseLoss, ...binary),
    make('DiceLoss', TYPES.object, ...softmaxMethods(axisOf)),
    make('LabelSmoothingCrossEntropy', TYPES.object, ...softmaxMethods(last)),
    make('FocalLoss', TYPES.object),
  ];
  const values = new Map<string, Value>(
    classes.flatMap((cls): [string, Value][] =>
      ['fastai.losses', 'fastai.layers'].map((module) => [`${module}.${cls.name}`, cls]),
    ),
  );
  const modules = new Set(['fastai', 'fastai.losses', 'fastai.layers']);
  // torch's losses have none of the methods here, nor do classes that extend them.
  const resolve = (name: string): Value | undefined => {
    const ofTorch = /^torch\.nn\.(?:modules\.loss\.)?(\w+Loss)$/.exec(name)?.[1];
    if (ofTorch !== undefined && !values.has(name)) values.set(name, make(ofTorch, TYPES.object));
    return values.get(name);
  };
  return { resolve, isModule: (path) => modules.has(path) };
}
