import { lowerSequential } from '../containers.js';
import type { Expression } from '../expression.js';
import type { LoweringFamily } from '../lowering.js';
import { backboned, series, transposed, type SeriesScope } from './support.js';

const lastStep = (x: Expression): Expression => x.select(1, -1);

const rnn = series((m, x) =>
  m.run(m.maybe(lastStep(m.runFirst(transposed(x), 'rnn')), 'dropout'), 'fc'),
);

/** The last state of a recurrence, concatenated with pooled convolutions. */
function rnnAndConvolutions(m: SeriesScope, x: Expression): Expression {
  const last = lastStep(m.runFirst(m.maybe(x, 'shuffle'), 'rnn'));
  const features = m.maybe(x, 'convblock1 se1 convblock2 se2 convblock3 gap');
  return m.maybe(last, 'rnn_dropout').concat(1, features);
}

const rnnFcn = (m: SeriesScope, x: Expression): Expression =>
  m.run(m.maybe(rnnAndConvolutions(m, x), 'fc_dropout'), 'fc');

/** From 0.2.23 on, its layers are in a sequence; before, it is a single layer. */
const rnnBackbone = series((m, x) => {
  if (m.has('to_cat_embed'))
    return m.run(x, 'to_cat_embed feature_extractor transpose rnn transpose');
  return transposed(m.runFirst(transposed(x), 'rnn'));
});

/** Before 0.2.15, the model itself took the last step, or flattened all steps. */
const rnnPlus = backboned((m, x) => {
  const output = m.runFirst(transposed(x), 'rnn');
  if (m.attr('ls') === undefined) return m.run(transposed(output), 'head');
  const kept = m.bool('ls') ? lastStep(output) : m.bool('fl') ? output : transposed(output);
  return m.run(kept, 'flatten? head');
});

const rnnAttention = (m: SeriesScope, x: Expression): Expression =>
  transposed(m.run(m.runFirst(transposed(x), 'rnn'), 'encoder'));

const mlp = series((m, x) =>
  m.run(
    m.list('mlp').reduce((y, layer) => m.call(layer, y), m.run(x, 'flatten')),
    'head',
  ),
);

/** tsai's recurrent models, and its MLP. */
export const tsaiRecurrents: LoweringFamily = {
  lowerings: {
    'tsai.models.RNN': { 'RNN|LSTM|GRU': rnn },
    'tsai.models.RNNPlus': { _RNN_Backbone: rnnBackbone, 'RNNPlus|LSTMPlus|GRUPlus': rnnPlus },
    'tsai.models.RNN_FCN': {
      'RNN_FCN|LSTM_FCN|GRU_FCN|MRNN_FCN|MLSTM_FCN|MGRU_FCN': series(rnnFcn),
    },
    'tsai.models.RNN_FCNPlus': {
      _RNN_FCN_Base_Backbone: series(rnnAndConvolutions),
      'RNN_FCNPlus|LSTM_FCNPlus|GRU_FCNPlus|MRNN_FCNPlus|MLSTM_FCNPlus|MGRU_FCNPlus':
        backboned(rnnFcn),
    },
    'tsai.models.RNNAttention': {
      'RNNAttention|LSTMAttention|GRUAttention': series((m, x) =>
        m.run(rnnAttention(m, x), 'head'),
      ),
    },
    'tsai.models.RNNAttentionPlus': {
      _RNNAttentionPlus_Backbone: series(rnnAttention),
      'RNNAttentionPlus|LSTMAttentionPlus|GRUAttentionPlus': lowerSequential,
    },
    'tsai.models.MLP': { MLP: mlp },
  },
};
