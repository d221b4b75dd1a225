import { fn, type TorchFunction, type TorchTable } from '../table.js';
import { perhapsInPlace, random } from './support.js';

/**
 * Does nothing in evaluation. Many forwards leave it on by mistake, because `F.dropout(x)` is in
 * training mode by default. Then Python's answers are random too.
 */
const dropout = (training: boolean): TorchFunction =>
  fn('input, p=, training=, inplace=', (env, args) => {
    const x = args.tensor('input');
    const p = args.float('p', 0.5);
    if (p < 0 || p > 1) {
      throw env.ctx.raise(
        'ValueError',
        `dropout probability has to be between 0 and 1, but got ${p}`,
      );
    }
    if (!args.bool('training', training) || p === 0) return x;
    if (p === 1 && args.name === 'dropout') {
      return perhapsInPlace(env, args, env.tensorOf('torch.zeros_like', [x]));
    }
    throw random(env, `${args.name} in training${training ? ', its default,' : ''}`);
  });

const trainingOnly = dropout(false);

export const dropoutFunctions: TorchTable = {
  'F.dropout|F.dropout1d|F.dropout2d|F.dropout3d': dropout(true),
  'F.alpha_dropout|F.feature_alpha_dropout': trainingOnly,
  // Here the last two arguments are always given.
  'torch.dropout|torch.feature_dropout|torch.alpha_dropout|torch.feature_alpha_dropout': fn(
    'input, p, train',
    (env, args) => {
      if (args.bool('train', true) && args.float('p') !== 0) throw random(env, args.name);
      return args.tensor('input');
    },
  ),
};
