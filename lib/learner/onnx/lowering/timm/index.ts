import { boolAttr } from '../attributes.js';
import { forward } from '../forward.js';
import type { Lowering, LoweringFamily } from '../lowering.js';
import { Scope } from '../scope.js';
import { timmLayers } from './layers.js';
import { levits } from './levit.js';
import { maxVits } from './maxxvit.js';
import { mixers } from './mixers.js';
import { mobileTransformers } from './mobile-transformers.js';
import { mobiles } from './mobile.js';
import { runStage, type TimmFamily, type TimmModel } from './model.js';
import { aggregations } from './aggregations.js';
import { classAttentions } from './class-attention.js';
import { conVits } from './convit.js';
import { convolutionalAttentions } from './convolutional-attention.js';
import { crossVits } from './crossvit.js';
import { efficientVits } from './efficientvit.js';
import { evas } from './eva.js';
import { convolutionals } from './models.js';
import { multiscales } from './multiscale.js';
import { otherModels } from './others.js';
import { pyramids } from './pyramids.js';
import { relativeTransformers } from './relative-transformer.js';
import { resnets } from './resnets.js';
import { swins } from './swin.js';
import { tnts } from './tnt.js';
import { visionTransformers } from './vision-transformer.js';
import { windowedTransformers } from './windowed.js';

const families: readonly TimmFamily[] = [
  convolutionals,
  resnets,
  aggregations,
  visionTransformers,
  swins,
  maxVits,
  levits,
  mixers,
  mobiles,
  mobileTransformers,
  evas,
  pyramids,
  classAttentions,
  convolutionalAttentions,
  multiscales,
  otherModels,
  windowedTransformers,
  relativeTransformers,
  crossVits,
  tnts,
  conVits,
  efficientVits,
];

const models: ReadonlyMap<string, TimmModel> = new Map(families.flatMap(({ models }) => models));

/** fastai's TimmBody: the features of a model that pools, all of one that does not. */
const lowerTimmBody: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const inner = ctx.child(module, 'model');
  if (!boolAttr(module, 'needs_pool', false)) return ctx.lower(inner, [x]);
  const stage = models.get(inner.className)?.features;
  if (!stage) {
    throw ctx.unsupported(inner, 'a model of timm whose features cannot be taken without its head');
  }
  ctx.checkHooks(inner);
  return ctx.graph.scoped(inner.path, () => {
    const m = new Scope(inner, ctx);
    return runStage(m, m.expression(x), stage).value;
  });
};

function whole({ features, head }: TimmModel): Lowering {
  return forward((m, x) => runStage(m, features ? runStage(m, x, features) : x, head));
}

/** Models of timm, whole or as fastai cuts them. */
export const timm: readonly LoweringFamily[] = [
  timmLayers,
  {
    lowerings: [
      [['fastai.vision.learner.TimmBody'], lowerTimmBody],
      ...[...models].map(([name, model]) => [[name], whole(model)] as const),
      ...families.flatMap(({ blocks }) => blocks),
    ],
  },
];
