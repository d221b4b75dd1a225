import type { LoweringFamily } from './lowering.js';

/** Dropout does nothing in evaluation. */
export const dropout: LoweringFamily = {
  lowerings: [
    [
      [
        'torch.nn.modules.dropout.Dropout',
        'torch.nn.modules.dropout.Dropout1d',
        'torch.nn.modules.dropout.Dropout2d',
        'torch.nn.modules.dropout.Dropout3d',
        'torch.nn.modules.dropout.AlphaDropout',
        'torch.nn.modules.dropout.FeatureAlphaDropout',
        'fastai.text.models.awdlstm.RNNDropout',
      ],
      (module, ctx, inputs) => ctx.value(module, inputs),
    ],
  ],
};
