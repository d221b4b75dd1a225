import { fn, type TorchFunction, type TorchTable } from '../table.js';

const refused = (reason: string): TorchFunction =>
  fn('*args, **', (env, args) => {
    throw env.ctx.unsupported(`${reason}: torch.${args.name}`);
  });

const as = (kind: 'torch' | 'Tensor', names: string): string =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => `${kind}.${name}`)
    .join('|');

const both = (names: string): string => `${as('torch', names)}|${as('Tensor', names)}`;

/** Operations that are known by name, and why they cannot be followed. */
export const refusals: TorchTable = {
  [as(
    'torch',
    `rand randn randint randperm rand_like randn_like randint_like normal bernoulli multinomial
     poisson binomial`,
  )]: refused('random at inference'),
  [as(
    'Tensor',
    `random_ uniform_ normal_ bernoulli bernoulli_ multinomial exponential_ geometric_ cauchy_ log_normal_`,
  )]: refused('random at inference'),
  [as('F' as 'torch', 'gumbel_softmax fractional_max_pool2d fractional_max_pool3d')]:
    refused('random at inference'),
  [both('nonzero argwhere masked_select unique unique_consecutive bincount histc masked_scatter')]:
    refused('the size of the result depends on values'),
  [both('det logdet slogdet inverse pinverse cholesky qr svd lu_solve matrix_exp as_strided')]:
    refused('no operator of ONNX computes it'),
  [as(
    'torch.linalg' as 'torch',
    'det slogdet inv pinv cholesky qr svd svdvals eig eigh eigvals eigvalsh solve lstsq lu matrix_rank cond',
  )]: refused('no operator of ONNX computes it'),
  [both('mode nanmedian nanquantile histogram renorm igamma polygamma gcd lcm frexp')]:
    refused('it is not computed here'),
};
