import type { Lowering } from '../context.js';
import type { LoweringFamily } from '../lowering.js';
import { lowerAwdLstmModule, vocabSize } from './awd-lstm.js';
import {
  lowerPoolingLinearClassifier,
  lowerSentenceEncoder,
  sentenceEncoderSignature,
} from './classifier.js';

/** LinearDecoder, whose other two outputs are of no use in evaluation. */
const lowerLinearDecoder: Lowering = (module, ctx, inputs) =>
  ctx.lower(ctx.child(module, 'decoder'), inputs);

/** fastai's text models. */
export const textModels: LoweringFamily = {
  lowerings: {
    'fastai.text.models.awdlstm': { AWD_LSTM: lowerAwdLstmModule },
    'fastai.text.models.core': {
      SentenceEncoder: lowerSentenceEncoder,
      PoolingLinearClassifier: lowerPoolingLinearClassifier,
      LinearDecoder: lowerLinearDecoder,
    },
  },
  signatures: {
    'fastai.text.models.core': { SentenceEncoder: sentenceEncoderSignature },
    'fastai.text.models.awdlstm': {
      AWD_LSTM: (module) => ({
        inputs: [{ name: 'ids', dtype: 'int32', dims: ['batch', 'length'] }],
        outputs: ['logits'],
        hints: { kind: 'language-model', text: { vocabSize: vocabSize(module) } },
      }),
    },
  },
};
