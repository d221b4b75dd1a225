import type { LoweringFamily } from './lowering.js';

/** Dropout does nothing in evaluation. */
export const dropout: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.dropout': {
      'Dropout|Dropout1d|Dropout2d|Dropout3d|AlphaDropout|FeatureAlphaDropout': (
        module,
        ctx,
        inputs,
      ) => ctx.value(module, inputs),
    },
    'fastai.text.models.awdlstm': {
      RNNDropout: (module, ctx, inputs) => ctx.value(module, inputs),
    },
  },
};
