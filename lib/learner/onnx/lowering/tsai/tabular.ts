import { lowerSequential } from '../containers.js';
import type { Expression } from '../expression.js';
import { joined } from '../forward.js';
import type { LoweringFamily, SignatureOf } from '../lowering.js';
import { tabularSignature } from '../tabular.js';
import { as, series, seriesMany, type SeriesScope } from './support.js';

/** Category codes and numbers; a model that has only one of them takes only that. */
function tableOf(
  m: SeriesScope,
  given: readonly Expression[],
): { codes: Expression | undefined; numbers: Expression | undefined } {
  const codes = m.int('n_emb') === 0 ? undefined : given[0];
  const numbers = m.int('n_cont') === 0 ? undefined : given.at(-1);
  m.require(given.length <= 2 && Boolean(codes ?? numbers), 'it takes codes and numbers');
  return { codes, numbers };
}

/** The embedding of each column of codes. */
const embeddings = (m: SeriesScope, codes: Expression): Expression[] =>
  m.list('embeds').map((table, i) => m.call(table, codes.select(1, i)));

const beside = (parts: readonly (Expression | undefined)[]): Expression =>
  joined(parts.filter((part) => part !== undefined));

const backbone = seriesMany((m, ...given) => {
  const { codes, numbers } = tableOf(m, given);
  const x = beside([codes && joined(embeddings(m, codes)), numbers && m.maybe(numbers, 'bn_cont')]);
  // Until 0.2.15, its layers were part of the model itself.
  return m.run(x, 'layers?');
});

const head = series((m, x) => {
  const y = m.run(x, 'head');
  return m.has('shortcut') ? y.add(m.run(x, 'shortcut')) : y;
});

const mlp = series((m, x) => {
  const y = m.run(x, 'mlp');
  return m.has('shortcut') ? y.add(m.run(x, 'shortcut')) : y;
});

/** An embedding with a part that all values of the column share, added or concatenated. */
const sharedEmbedding = series((m, codes) => {
  const own = m.run(codes, 'embed').unsqueeze(1);
  const shared = m.weight('shared_embed');
  if (!shared) return own;
  return m.bool('add_shared_embed') ? own.add(shared) : own.concat(-1, shared.expandTo(own));
});

const tabTransformer = seriesMany((m, ...given) => {
  const { codes, numbers } = tableOf(m, given);
  // `drop_whole_embed` drops columns in evaluation as well: its module does not look at the mode.
  m.require(
    !m.isOf('emb_drop', 'FullEmbeddingDropout'),
    'it drops embeddings by chance in evaluation as well (drop_whole_embed)',
  );
  const x = beside([
    codes && m.run(joined(embeddings(m, codes)), 'transformer').flatten(1),
    numbers && m.maybe(numbers, 'norm'),
  ]);
  return m.run(x, 'mlp');
});

const fusionBackbone = seriesMany((m, ...given) => {
  const { codes, numbers } = tableOf(m, given);
  const x = beside([
    codes && joined(embeddings(m, codes).map((row) => row.unsqueeze(1))),
    numbers && m.run(numbers.unsqueeze(1), 'conv').permute(0, 2, 1),
  ]);
  return m.run(m.maybe(x.add(m.requiredWeight('pos_enc')), 'res_drop'), 'transformer');
});

const gatedMlp = series((m, x) => m.run(x.unsqueeze(1), 'mlp'));

/** The backbone's, if the model has one. */
const signature: SignatureOf = (module, signatureOf) =>
  tabularSignature(module.child('backbone') ?? module, signatureOf);

/** tsai's models of tables. */
export const tsaiTables: LoweringFamily = {
  lowerings: {
    'tsai.models.TabModel': {
      TabModel: (module, ctx, flows) => {
        const [, ...rest] = flows;
        return lowerSequential(module, ctx, rest.length === 0 ? flows : [flows]);
      },
      TabBackbone: backbone,
      TabHead: head,
    },
    'tsai.models.TabTransformer': {
      TabTransformer: tabTransformer,
      SharedEmbedding: sharedEmbedding,
      '_Embedding|Embedding': as('torch.nn.modules.sparse.Embedding'),
      _MLP: mlp,
    },
    'tsai.models.GatedTabTransformer': {
      GatedTabTransformer: tabTransformer,
      _TabMLP: gatedMlp,
    },
    'tsai.models.TabFusionTransformer': {
      TabFusionTransformer: lowerSequential,
      TabFusionBackbone: fusionBackbone,
      _MLP: mlp,
      _Flatten: series((_, x) => x.flatten(1)),
    },
  },
  signatures: {
    'tsai.models.TabModel': { TabModel: signature },
    'tsai.models.TabTransformer': { TabTransformer: signature },
    'tsai.models.GatedTabTransformer': { GatedTabTransformer: signature },
    'tsai.models.TabFusionTransformer': { TabFusionTransformer: signature },
  },
};
