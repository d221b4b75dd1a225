import type { Lowering, LoweringFamily } from '../lowering.js';
import { awdLstmName, lowerAwdLstmModule, vocabSize } from './awd-lstm.js';
import {
  lowerPoolingLinearClassifier,
  lowerSentenceEncoder,
  sentenceEncoderSignature,
} from './classifier.js';

/**
 * LinearDecoder: (logits, raw output, output after dropout); the second and third are the same in
 * evaluation.
 */
const lowerLinearDecoder: Lowering = (module, ctx, inputs) =>
  ctx.lower(ctx.child(module, 'decoder'), inputs);

/** fastai's text models. */
export const textModels: LoweringFamily = {
  lowerings: [
    [[awdLstmName], lowerAwdLstmModule],
    [['fastai.text.models.core.SentenceEncoder'], lowerSentenceEncoder],
    [['fastai.text.models.core.PoolingLinearClassifier'], lowerPoolingLinearClassifier],
    [['fastai.text.models.core.LinearDecoder'], lowerLinearDecoder],
  ],
  signatures: [
    [['fastai.text.models.core.SentenceEncoder'], sentenceEncoderSignature],
    [
      [awdLstmName],
      (module) => ({
        inputs: [{ name: 'ids', dtype: 'int32', dims: ['batch', 'length'] }],
        outputs: ['logits'],
        hints: { kind: 'language-model', text: { vocabSize: vocabSize(module) } },
      }),
    ],
  ],
};
