import { lowerSequential } from '../containers.js';
import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { joined } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import { ofAge } from './coordinates.js';
import { backboned, chained, series, type SeriesScope } from './support.js';

/** Parallel convolutions of several lengths after a bottleneck, and one after a pooling. */
const branches = (m: SeriesScope, x: Expression, pooled: string): Expression =>
  joined([...m.sideBySide(m.maybe(x, 'bottleneck'), 'convs'), m.run(x, pooled)]);

const inceptionModule = series((m, x) => m.run(branches(m, x, 'maxconvpool'), 'bn act'));

const inceptionModulePlus = series((m, x) =>
  m.maybe(m.run(branches(m, x, 'mp_conv'), 'norm'), 'conv_dropout sa act se'),
);

/** A module of a list, by its index. */
function at(m: SeriesScope, x: Expression, list: string, index: number): Expression {
  const module = m.list(list)[index];
  if (!module) throw m.refusal(`its ${list} has ${m.list(list).length} modules`);
  return m.call(module, x);
}

/** This number of modules in turn, with a shortcut around every few of them. */
function residualBlock(list: string, span: number, depth: (m: SeriesScope) => number): Lowering {
  return series((m, input) => {
    const residual = m.bool('residual');
    // One activation for all, or in a list one for each shortcut.
    const shared = m.module.child('act')?.className !== 'torch.nn.modules.container.ModuleList';
    let [x, kept] = [input, input];
    for (let i = 0; i < depth(m); i++) {
      x = at(m, x, list, i);
      if (!residual || i % span !== span - 1) continue;
      const which = Math.floor(i / span);
      const sum = x.add(at(m, kept, 'shortcut', which));
      x = kept = shared ? m.run(sum, 'act') : at(m, sum, 'act', which);
    }
    return x;
  });
}

const inceptionBlock = residualBlock('inception', 3, (m) => m.int('depth'));
const xceptionBlock = residualBlock('xception', 2, () => 4);

/** The variables in groups, a model for each. */
const splitter = series((m, x) => {
  const groups = m.attr('feat_list');
  if (!Array.isArray(groups)) throw m.refusal('its feat_list is not a list');
  const parts = groups.every((group) => Array.isArray(group))
    ? groups.map((places) => x.gather(1, m.indices((places as unknown[]).map(Number))))
    : x.split(1, groups.map(Number));
  const models = m.list('branches');
  m.require(models.length === parts.length, 'it has another number of branches than of groups');
  return joined(models.map((model, i) => m.call(model, parts[i]!)));
});

/** Layouts before a model was a backbone and a head. */
const before = (names: string): Lowering =>
  backboned((m, x) => {
    ofAge(m, 'before 0.2.15');
    return m.maybe(x, names);
  });

/** In 0.2.14 to 0.2.17, its backbone is the block itself, and the first coordinates differ. */
const inceptionTimePlus: Lowering = (module, ctx, inputs) =>
  series((m, x) => {
    if (!m.has('backbone')) {
      ofAge(m, 'before 0.2.15');
      return m.maybe(x, 'inceptionblock flatten head');
    }
    if (m.isOf('backbone', 'InceptionBlockPlus')) ofAge(m, 'unknown');
    return m.run(x, 'backbone head');
  })(module, ctx, inputs);

const convolved = 'convblock1 convblock2 convblock3';

const shortcut = (m: SeriesScope, x: Expression, main: string): Expression =>
  m.run(m.maybe(x, main).add(m.run(x, 'shortcut')), 'act');

const fcnBlock = (m: SeriesScope, x: Expression): Expression => {
  const y = m.run(x, convolved);
  return m.bool('residual') ? y.add(m.run(x, 'shortcut')) : y;
};

const fcnPlus = backboned((m, x) => {
  ofAge(m, 'before 0.2.15');
  return m.run(fcnBlock(m, x), 'gap squeeze fc');
});

/** Convolutions over each variable, in parallel with those over all. */
const xcm = (m: SeriesScope, x: Expression): Expression => {
  const single = m.run(x, 'conv2dblock conv2d1x1block');
  return m.run(m.run(x, 'conv1dblock conv1d1x1block').concat(1, single), 'conv1d');
};

/**
 * The wavelets of the first level, high and low frequencies concatenated. Those of further levels
 * never reach the model, because all versions of tsai keep only the first.
 */
function wavelets(m: SeriesScope, x: Expression): Expression {
  const [block] = m.list('blocks');
  if (!block) throw m.refusal('it has no levels');
  const level = m.enter(block);
  return level.run(x, 'mWDN_H sigmoid pool').concat(-1, level.run(x, 'mWDN_L sigmoid pool'));
}

const omniScaleLayer = series((m, x) => joined(m.sideBySide(x, 'conv_list')).relu());

const omniScale = series((m, x) =>
  m.run(x, m.bool('few_shot', false) ? 'net gap' : 'net gap hidden'),
);

const tcnBlock = series((m, x) => m.run(m.run(x, 'net').add(m.maybe(x, 'downsample')), 'relu'));

const tcn = series((m, x) => {
  if (m.has('linear')) return m.run(m.maybe(m.run(x, 'tcn gap'), 'dropout'), 'linear');
  return m.run(m.maybe(m.run(x, 'tcn gap').reshape(0, -1), 'fc_do'), 'fc');
});

const resCnn = series((m, x) => {
  // The block lost its underscore in 0.2.24, and its coordinates differ before 0.2.15.
  if (m.isOf('block1', 'ResCNNBlock')) ofAge(m, 'unknown');
  return m.run(x, 'block1 block2 block3 block4 gap squeeze lin');
});

/** tsai's models of convolutions. */
export const tsaiConvolutionals: LoweringFamily = {
  lowerings: {
    'tsai.models.InceptionTime': {
      InceptionModule: inceptionModule,
      InceptionBlock: inceptionBlock,
      InceptionTime: chained('inceptionblock gap fc'),
    },
    'tsai.models.InceptionTimePlus': {
      InceptionModulePlus: inceptionModulePlus,
      InceptionBlockPlus: inceptionBlock,
      'InceptionTimePlus|InCoordTime|XCoordTime': inceptionTimePlus,
      MultiInceptionTimePlus: lowerSequential,
    },
    'tsai.models.InceptionTimePlus|tsai.models.TSTPlus': { _Splitter: splitter },
    'tsai.models.XceptionTime': {
      XceptionModule: series((m, x) => branches(m, x, 'maxconvpool')),
      XceptionBlock: xceptionBlock,
      XceptionTime: chained('block head'),
    },
    'tsai.models.XceptionTimePlus': {
      XceptionModulePlus: series((m, x) => m.maybe(branches(m, x, 'mp_conv'), 'norm_act')),
      XceptionBlockPlus: xceptionBlock,
      XceptionTimePlus: before('block gap1 conv1x1_1 conv1x1_2 conv1x1_3 gap2'),
    },
    'tsai.models.ResNet': {
      ResBlock: series((m, x) => shortcut(m, x, convolved)),
      ResNet: chained('resblock1 resblock2 resblock3 gap squeeze fc'),
    },
    'tsai.models.ResNetPlus': {
      ResBlockPlus: series((m, x) => shortcut(m, x, `${convolved} se sa`)),
      ResNetPlus: backboned((m, x) => {
        ofAge(m, 'before 0.2.15');
        const y = m.run(x, 'resblock1 resblock2 resblock3');
        return m.has('head') ? m.maybe(y, 'flatten head') : m.maybe(y, 'gap do fc');
      }),
    },
    'tsai.models.XResNet1dPlus': {
      XResNet1dPlus: (module, ctx, inputs) => {
        series((m, x) => {
          if (!m.has('backbone')) ofAge(m, 'before 0.2.15');
          return x;
        })(module, ctx, inputs);
        return lowerSequential(module, ctx, inputs);
      },
    },
    'tsai.models.ResCNN': {
      '_ResCNNBlock|ResCNNBlock': series((m, x) => shortcut(m, x, convolved)),
      ResCNN: resCnn,
    },
    'tsai.models.FCN': { FCN: chained(`${convolved} gap fc`) },
    'tsai.models.FCNPlus': { FCNPlus: fcnPlus, _FCNBlockPlus: series(fcnBlock) },
    'tsai.models.OmniScaleCNN': {
      SampaddingConv1D_BN: chained('padding conv1d bn'),
      build_layer_with_layer_parameter: omniScaleLayer,
      OmniScaleCNN: omniScale,
    },
    'tsai.models.XCM': {
      XCM: series((m, x) =>
        m.maybe(xcm(m, x), m.module.children.has('flatten') ? 'flatten head' : 'head'),
      ),
    },
    'tsai.models.XCMPlus': { XCMPlus: lowerSequential, _XCMPlus_Backbone: series(xcm) },
    'tsai.models.TCN': { TemporalBlock: tcnBlock, TCN: tcn },
    'tsai.models.mWDN': {
      mWDN: series((m, x) => m.run(wavelets(m, x), m.has('_model') ? '_model' : 'classifier')),
      mWDNBlocks: series(wavelets),
      mWDNPlus: lowerSequential,
    },
  },
};
