import { asLibrary } from '../library-error.js';
import { bind, signature } from '../../../python/arguments.js';
import type { Names } from '../../../python/context.js';
import { Builtin, ModuleValue, type Value } from '../../../python/values.js';
import { arrayOf, ArrayValue, chargeBytes, shapeOf } from '../numpy/array-value.js';
import { LONGEST_SIDE } from './arguments.js';
import { BORDERS } from '../opencv/border.js';
import { resize } from '../opencv/resize.js';
import { INTERPOLATIONS } from '../opencv/taps.js';

const values = new Map<string, Value>([
  ...INTERPOLATIONS.map((name, i): [string, Value] => [`cv2.INTER_${name}`, BigInt(i)]),
  ...BORDERS.map((name, i): [string, Value] => [`cv2.BORDER_${name}`, BigInt(i)]),
  ['cv2.BORDER_DEFAULT', 4n],
  [
    'cv2.resize',
    new Builtin('resize', (ctx, args, kwargs) => {
      const names = 'src, dsize, dst=, fx=, fy=, interpolation=';
      const { bound } = bind(ctx, 'resize', signature(names), args, kwargs);
      const { src = null, dsize = null, interpolation = 1n } = bound;
      const image = arrayOf(ctx, src);
      const [width = 0, height = 0] = dsize === null ? [] : shapeOf(ctx, dsize);
      const kind = INTERPOLATIONS[Number(ctx.index(interpolation))];
      const isKnown = image.dtype === 'uint8' || image.dtype === 'float32';
      const isSize = [width, height].every((side) => side >= 1 && side <= LONGEST_SIDE);
      if (!isSize || !kind || !isKnown || image.ndim < 2 || image.ndim > 3) {
        throw ctx.unsupported('cv2.resize() with this image or size is not supported');
      }
      chargeBytes(ctx, 16 * width * height * (image.shape[2] ?? 1));
      return new ArrayValue(asLibrary(ctx, () => resize(image, [height, width], kind)));
    }),
  ],
]);

/** The names of OpenCV that transforms of albumentations use. */
export const opencvNames: Names = {
  resolve: (name) => (name === 'cv2' ? new ModuleValue(name) : values.get(name)),
  isModule: (path) => path === 'cv2',
};
