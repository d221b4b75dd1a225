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

/** Operations known by name, and why they are not supported. */
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
    refused('ONNX does not have an operator for it'),
  [as(
    'torch.linalg' as 'torch',
    'det slogdet inv pinv cholesky qr svd svdvals eig eigh eigvals eigvalsh solve lstsq lu matrix_rank cond',
  )]: refused('ONNX does not have an operator for it'),
  [both('mode nanmedian nanquantile histogram renorm igamma polygamma gcd lcm frexp')]:
    refused('it is not supported'),
};
