import type { Program } from '../../../onnx/tracing/program.js';
import type { Context } from '../../../python/context.js';
import { Builtin, Tuple, type ClassValue, type Value } from '../../../python/values.js';
import { arrayOf, ArrayValue } from '../numpy/array-value.js';
import { created } from '../pil/functions.js';
import { PilImage } from '../pil/image-value.js';
import type { Verdict } from './decide.js';

type Augments = Extract<Verdict, { kind: 'augments' }>;

/**
 * Does what wrappers of augmentations do:
 * `PILImage.create(self.aug(image=np.array(image))['image'])`, or `self.tfms(image)` for
 * torchvision. It treats each image of a tuple.
 */
export function augmenting(
  program: Program,
  { with: record, library }: Augments,
  opens: ClassValue,
): Value {
  const augmentation = program.value(record);
  const one = (ctx: Context, item: Value): Value => {
    if (!(item instanceof PilImage)) {
      throw ctx.unsupported(`augmentations of a ${ctx.typeOf(item).name}`);
    }
    if (library === 'torchvision') {
      const made = ctx.call(augmentation, [item]);
      return made instanceof PilImage ? made.as(opens) : made;
    }
    const array = new ArrayValue(arrayOf(ctx, item));
    const made = ctx.call(augmentation, [], new Map<string, Value>([['image', array]]));
    return created(ctx, ctx.getItem(made, 'image'), opens) ?? null;
  };
  return new Builtin('encodes', (ctx, [item = null]) =>
    item instanceof Tuple ? new Tuple(item.items.map((part) => one(ctx, part))) : one(ctx, item),
  );
}
