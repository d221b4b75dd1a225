/**
 * The parameters of the forwards that take more than one tensor, in Python's syntax (see
 * `signature` in python/arguments.ts), so that code of the file can call known layers with named
 * arguments.
 */
const forwards: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'torch.nn.modules.rnn': {
    // `lengths` is not torch's: it stands for a packed sequence.
    'LSTM|GRU|RNN': 'input, hx=, lengths=',
    'LSTMCell|GRUCell|RNNCell': 'input, hx=',
  },
  'torch.nn.modules.activation': {
    MultiheadAttention:
      'query, key, value, key_padding_mask=, need_weights=, attn_mask=, average_attn_weights=, is_causal=',
  },
  'torch.nn.modules.transformer': {
    TransformerEncoder: 'src, mask=, src_key_padding_mask=, is_causal=',
    TransformerEncoderLayer: 'src, src_mask=, src_key_padding_mask=, is_causal=',
    TransformerDecoder:
      'tgt, memory, tgt_mask=, memory_mask=, tgt_key_padding_mask=, memory_key_padding_mask=, tgt_is_causal=, memory_is_causal=',
    TransformerDecoderLayer:
      'tgt, memory, tgt_mask=, memory_mask=, tgt_key_padding_mask=, memory_key_padding_mask=, tgt_is_causal=, memory_is_causal=',
    Transformer:
      'src, tgt, src_mask=, tgt_mask=, memory_mask=, src_key_padding_mask=, tgt_key_padding_mask=, memory_key_padding_mask=, src_is_causal=, tgt_is_causal=, memory_is_causal=',
  },
  'torch.nn.modules.linear': { Bilinear: 'input1, input2', Identity: 'input' },
  'torch.nn.modules.distance': {
    'CosineSimilarity|PairwiseDistance': 'x1, x2',
  },
  'torch.nn.modules.sparse': { EmbeddingBag: 'input, offsets=, per_sample_weights=' },
  'torch.nn.modules.conv': {
    'ConvTranspose1d|ConvTranspose2d|ConvTranspose3d': 'input, output_size=',
  },
  'torch.nn.modules.upsampling': { 'Upsample|UpsamplingNearest2d|UpsamplingBilinear2d': 'input' },
  'torch.nn.modules.loss': {
    'CrossEntropyLoss|NLLLoss|MSELoss|L1Loss|SmoothL1Loss|HuberLoss|BCELoss|BCEWithLogitsLoss|KLDivLoss':
      'input, target',
  },
  'fastai.tabular.model': { TabularModel: 'x_cat, x_cont=' },
  'fastai.collab': { EmbeddingDotBias: 'x' },
};

const known: ReadonlyMap<string, string> = new Map(
  Object.entries(forwards).flatMap(([home, classes]) =>
    Object.entries(classes).flatMap(([names, parameters]) =>
      names.split('|').map((name) => [`${home}.${name}`, parameters] as const),
    ),
  ),
);

/** The parameters of a known layer's forward; most take one tensor, whose name is `input`. */
export function forwardParameters(className: string): string {
  return known.get(className) ?? (className.startsWith('torch.nn.') ? 'input' : 'x');
}
