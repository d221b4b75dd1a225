import type { Expression } from '../expression.js';
import type { Scope } from '../scope.js';
import { relativeBias, tableBias } from '../windows.js';

/** Before timm 0.8, they were in the module of their model. */
const homes =
  /^timm\.(?:(?:models\.)?layers\.pos_embed_rel|models\.vision_transformer_relpos)\.(\w+)$/;

/**
 * The term that timm's modules add to the scores for relative positions: [1, heads, positions,
 * positions].
 */
function positionBias(m: Scope): Expression {
  switch (homes.exec(m.module.className)?.[1]) {
    case 'RelPosBias':
      return tableBias(m, positionsOf(m));
    case 'RelPosMlp':
      return fromNetwork(m);
    case 'RelPosBiasTf':
      return fromLookups(m);
    default:
      throw m.refusal('the term that it adds to the attention scores is unknown');
  }
}

/**
 * The term that queries [batch, heads, height, width, channels] add to the scores for the rows and
 * columns of keys: vectors [height, rows, channels] and [width, columns, channels].
 *
 * @returns [batch, heads, height * width, rows * columns]
 */
export function separateBias(
  queries: Expression,
  rowVectors: Expression,
  columnVectors: Expression,
): Expression {
  const [count, height, width] = [queries.size(1), queries.size(2), queries.size(3)];
  const byHeight = queries.matmul(rowVectors.permute(0, 2, 1)).unsqueeze(5);
  const byWidth = queries
    .transpose(2, 3)
    .matmul(columnVectors.permute(0, 2, 1))
    .transpose(2, 3)
    .unsqueeze(4);
  const keys = rowVectors.size(1) * columnVectors.size(1);
  return byHeight.add(byWidth).reshape(-1, count, height * width, keys);
}

/** The same for a child that may be absent. */
export function childBias(m: Scope, name: string): Expression | undefined {
  return m.has(name) ? positionBias(m.inner(name)) : undefined;
}

function positionsOf(m: Scope): number {
  return m.ints('bias_shape')[0]!;
}

function fromNetwork(m: Scope): Expression {
  const table = m.run(m.requiredWeight('rel_coords_log'), 'mlp').reshape(-1, m.int('num_heads'));
  const bias = m.run(
    relativeBias(table, m.requiredWeight('relative_position_index'), positionsOf(m)),
    'bias_act',
  );
  const gain = m.optionalNumber('bias_gain');
  const scaled = gain === null ? bias : bias.mul(gain);
  const prefix = m.int('prefix_tokens', 0);
  return scaled.pad({ 2: [prefix, 0], 3: [prefix, 0] });
}

/** A table by height and width, and which of its rows and columns each pair of positions has. */
function fromLookups(m: Scope): Expression {
  const table = m.requiredWeight('relative_position_bias_table');
  const [rows, columns] = [m.requiredWeight('height_lookup'), m.requiredWeight('width_lookup')];
  const [count, height, width] = [table.size(0), rows.size(0), columns.size(0)];
  const byRow = rows.reshape(height * height, -1).matmul(table);
  const byBoth = byRow.matmul(columns.reshape(width * width, -1).permute(1, 0));
  return byBoth
    .reshape(count, height, height, width, width)
    .permute(0, 1, 3, 2, 4)
    .reshape(1, count, height * width, height * width);
}
