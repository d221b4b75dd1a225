import { List, Slice, Tuple, ELLIPSIS, type Value } from '../../../python/values.js';
import type { TorchEnv } from '../env.js';
import { knownSize } from '../nn/support.js';
import { isFloating } from '../promotion.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import type { TensorValue } from '../tensor-value.js';

/** Images as floats: torchvision's rounding of bytes differs between versions. */
function picture(env: TorchEnv, args: Args): TensorValue {
  const image = args.tensor('img');
  if (isFloating(image.dtype)) return image;
  throw env.ctx.unsupported(`${args.name} of ${image.dtype} images is not supported`);
}

const heightAndWidth = (env: TorchEnv, x: TensorValue): [number, number] => [
  knownSize(env, env.sizeOf(x, x.rank - 2)),
  knownSize(env, env.sizeOf(x, x.rank - 1)),
];

const flip = (axis: bigint): TorchFunction =>
  fn('img', (env, args) => env.apply('torch.flip', [args.tensor('img'), new List([axis])]));

/** mean and std of each channel. */
const normalize = fn('tensor, mean, std, inplace=', (env, args) => {
  const x = args.tensor('tensor');
  if (!isFloating(x.dtype)) {
    throw env.ctx.raise('TypeError', 'Input tensor should be a float tensor');
  }
  const channels = (name: string): Value => {
    const value = args.raw(name) ?? null;
    const vector = env.tensorOf('torch.as_tensor', [value], new Map());
    return vector.rank === 1 ? env.apply('Tensor.view', [vector, -1n, 1n, 1n]) : vector;
  };
  const centred = env.apply('torch.sub', [x, channels('mean')]);
  const result = env.tensorOf('torch.div', [centred, channels('std')]);
  return args.bool('inplace', false) ? env.apply('Tensor.copy_', [x, result]) : result;
});

/** One channel of three. */
function gray(env: TorchEnv, x: TensorValue): TensorValue {
  if (knownSize(env, env.sizeOf(x, x.rank - 3)) !== 3) {
    throw env.ctx.unsupported('only images of three channels are supported');
  }
  const channel = (index: bigint, weight: number): Value =>
    env.apply('torch.mul', [env.apply('torch.select', [x, -3n, index]), weight]);
  const sum = env.apply('torch.add', [
    env.apply('torch.add', [channel(0n, 0.2989), channel(1n, 0.587)]),
    channel(2n, 0.114),
  ]);
  return env.tensorOf('torch.unsqueeze', [sum, -3n]);
}

const grayscale = fn('img, num_output_channels=', (env, args) => {
  const one = gray(env, picture(env, args));
  const count = args.int('num_output_channels', 1);
  if (count === 1) return one;
  return env.apply('torch.cat', [new List([one, one, one]), -3n]);
});

/** ratio * a + (1 - ratio) * b, from 0 to 1. */
const blended = (env: TorchEnv, a: TensorValue, b: Value, ratio: number): Value =>
  env.apply('torch.clamp', [
    env.apply('torch.add', [
      env.apply('torch.mul', [a, ratio]),
      env.apply('torch.mul', [b, 1 - ratio]),
    ]),
    0,
    1,
  ]);

const brightness = fn('img, brightness_factor', (env, args) => {
  const factor = args.float('brightness_factor');
  return env.apply('torch.clamp', [env.apply('torch.mul', [picture(env, args), factor]), 0, 1]);
});

const contrast = fn('img, contrast_factor', (env, args) => {
  const x = picture(env, args);
  const mean = env.apply(
    'torch.mean',
    [gray(env, x), new Tuple([-3n, -2n, -1n])],
    new Map([['keepdim', true]]),
  );
  return blended(env, x, mean, args.float('contrast_factor'));
});

const saturation = fn('img, saturation_factor', (env, args) => {
  const x = picture(env, args);
  return blended(env, x, gray(env, x), args.float('saturation_factor'));
});

/** A crop within the image; padding is refused. */
function cropped(env: TorchEnv, x: TensorValue, box: readonly number[]): Value {
  const [top, left, height, width] = box as [number, number, number, number];
  const [rows, columns] = heightAndWidth(env, x);
  if (top < 0 || left < 0 || top + height > rows || left + width > columns) {
    throw env.ctx.unsupported('a crop beyond the image is not supported');
  }
  const range = (start: number, count: number): Slice =>
    new Slice(BigInt(start), BigInt(start + count), null);
  return env.getItem(x, new Tuple([ELLIPSIS, range(top, height), range(left, width)]));
}

/** Rounds halves to the even neighbour, as Python does. */
function rounded(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const centerCrop = fn('img, output_size', (env, args) => {
  const x = args.tensor('img');
  const sizes = args.ints('output_size') ?? [];
  const [height, width] = sizes.length === 1 ? [sizes[0]!, sizes[0]!] : (sizes as [number, number]);
  const [rows, columns] = heightAndWidth(env, x);
  const box = [rounded((rows - height) / 2), rounded((columns - width) / 2), height, width];
  return cropped(env, x, box);
});

const crop = fn('img, top, left, height, width', (env, args) =>
  cropped(
    env,
    args.tensor('img'),
    ['top', 'left', 'height', 'width'].map((name) => args.int(name)),
  ),
);

const PAD_MODES: ReadonlyMap<string, string> = new Map([
  ['constant', 'constant'],
  ['edge', 'replicate'],
  ['reflect', 'reflect'],
]);

const pad = fn('img, padding, fill=, padding_mode=', (env, args) => {
  const margins = args.ints('padding') ?? [];
  const [left, top = left, right = left, bottom = top] = margins as [
    number,
    number?,
    number?,
    number?,
  ];
  const mode = PAD_MODES.get(args.string('padding_mode', 'constant'));
  if (!mode) throw env.ctx.unsupported('torchvision pads by an unsupported mode');
  const sides = new List([left, right, top, bottom].map((size) => BigInt(size!)));
  const value: [string, Value][] = mode === 'constant' ? [['value', args.float('fill', 0)]] : [];
  return env.apply('F.pad', [args.tensor('img'), sides, mode], new Map(value));
});

/** Supported only without antialiasing, because its default changed between versions. */
const resize = fn('img, size, interpolation=, max_size=, antialias=', (env, args) => {
  const x = args.tensor('img');
  const mode = args.raw('interpolation');
  if (args.raw('antialias') !== false || mode !== undefined || args.has('max_size')) {
    throw env.ctx.unsupported(
      'torchvision resizes tensors only with antialias=False and the default interpolation; ' +
        'F.interpolate has more options',
    );
  }
  const sizes = args.ints('size') ?? [];
  const [rows, columns] = heightAndWidth(env, x);
  const [short, long] = [Math.min(rows, columns), Math.max(rows, columns)];
  const longer = Math.trunc((sizes[0]! * long) / short);
  const target =
    sizes.length === 2 ? sizes : rows <= columns ? [sizes[0]!, longer] : [longer, sizes[0]!];
  const batch = x.rank === 4 ? x : env.tensorOf('torch.unsqueeze', [x, 0n]);
  const resized = env.apply(
    'F.interpolate',
    [batch],
    new Map<string, Value>([
      ['size', new Tuple(target.map(BigInt))],
      ['mode', 'bilinear'],
      ['align_corners', false],
    ]),
  );
  return x.rank === 4 ? resized : env.apply('torch.squeeze', [resized, 0n]);
});

const FUNCTIONS: TorchTable = {
  hflip: flip(-1n),
  vflip: flip(-2n),
  normalize,
  rgb_to_grayscale: grayscale,
  adjust_brightness: brightness,
  adjust_contrast: contrast,
  adjust_saturation: saturation,
  center_crop: centerCrop,
  crop,
  pad,
  resize,
};

const V1 = 'torchvision.transforms.functional';
const V2 = 'torchvision.transforms.v2.functional';

/** torchvision's functions of tensors, from both of its modules. */
export const torchvisionFunctions: TorchTable = {
  ...Object.fromEntries(
    Object.entries(FUNCTIONS).map(([name, operation]) => [
      `${V1}.${name}|${V2}.${name}`,
      operation,
    ]),
  ),
  [`${V2}.horizontal_flip`]: flip(-1n),
  [`${V2}.vertical_flip`]: flip(-2n),
};
