import { boolAttr } from '../attributes.js';
import type { Lowering } from '../context.js';
import type { LoweringFamily } from '../lowering.js';
import { Scope } from '../scope.js';
import { aggregations } from './aggregations.js';
import { attentionPoolings } from './attention-pooling.js';
import { channelAttentions } from './channel-attention.js';
import { classAttentions } from './class-attention.js';
import { compoundTransformers } from './compound.js';
import { convolutionalAttentions } from './convolutional-attention.js';
import { timmConvolutions } from './convolutions.js';
import { differentialAttentions } from './differential-attention.js';
import { efficientVits } from './efficientvit.js';
import { evas } from './eva.js';
import { timmLayers } from './layers.js';
import { levits } from './levit.js';
import { localAttentions } from './local-attention.js';
import { maxVits } from './maxxvit.js';
import { mixers } from './mixers.js';
import { mobileTransformers } from './mobile-transformers.js';
import { mobiles } from './mobile.js';
import { mobileNetsV5 } from './mobilenetv5.js';
import { runStage, type TimmModel } from './model.js';
import { convolutionals } from './models.js';
import { multiscales } from './multiscale.js';
import { flexibleTransformers } from './naflexvit.js';
import { timmNorms } from './norms.js';
import { otherModels } from './others.js';
import { timmPoolings } from './pooling.js';
import { pyramids } from './pyramids.js';
import { revisedDenseNets } from './rdnet.js';
import { resnets } from './resnets.js';
import { searchedNetworks } from './searched.js';
import { segmentAnything } from './segment-anything.js';
import { singleHeads } from './shvit.js';
import { swins } from './swin.js';
import { visionTransformers } from './vision-transformer.js';
import { vitamins } from './vitamin.js';
import { windowedTransformers } from './windowed.js';

const families: readonly LoweringFamily[] = [
  timmLayers,
  timmConvolutions,
  timmNorms,
  timmPoolings,
  channelAttentions,
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
  compoundTransformers,
  efficientVits,
  attentionPoolings,
  differentialAttentions,
  localAttentions,
  mobileNetsV5,
  flexibleTransformers,
  revisedDenseNets,
  searchedNetworks,
  segmentAnything,
  singleHeads,
  vitamins,
];

/** fastai's TimmBody: the features of a model that pools, or the whole of a model that does not. */
const lowerTimmBody: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const inner = ctx.child(module, 'model');
  if (!boolAttr(module, 'needs_pool', false)) return ctx.lower(inner, [x]);
  const whole = ctx.lowerings.get(inner.className);
  if (!whole || !isModel(whole)) {
    throw ctx.unsupported(inner, 'a timm model whose features cannot be separated from its head');
  }
  ctx.checkHooks(inner);
  return ctx.graph.scoped(inner.path, () => {
    const m = new Scope(inner, ctx);
    return runStage(m, m.expression(x), whole.features).value;
  });
};

const isModel = (lowering: Lowering): lowering is TimmModel => 'features' in lowering;

/** timm moved its layers from `timm.models.layers` to `timm.layers`. */
function inBothHomes({ lowerings }: LoweringFamily): LoweringFamily {
  const homes = Object.entries(lowerings).map(([home, classes]) => [
    home.replace(/^timm\.layers(\..*)/, '$&|timm.models.layers$1'),
    classes,
  ]);
  return { lowerings: Object.fromEntries(homes) };
}

/** timm models, whole or as fastai cuts them. */
export const timm: readonly LoweringFamily[] = [
  { lowerings: { 'fastai.vision.learner': { TimmBody: lowerTimmBody } } },
  ...families.map(inBothHomes),
];
