import type { Expression } from '../expression.js';
import { joined } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { model } from './model.js';

/** Images of several sizes, resized to the first one, joined, and resized to a fixed size. */
function fused(m: Scope, images: readonly Expression[]): Expression {
  m.require(images.length > 0, 'it is given no image');
  const [height, width] = [images[0]!.size(2), images[0]!.size(3)];
  const mode = m.string('interpolation_mode');
  const large = images.map((image) =>
    image.size(2) < height || image.size(3) < width
      ? m.resize(image, [height, width], mode)
      : image,
  );
  const y = m.run(joined(large), 'ffn');
  const [rows, columns] = m.pair('output_resolution');
  if (height === rows && width === columns) return m.run(y, 'norm');
  if (height % rows !== 0 || width % columns !== 0) {
    return m.run(m.resize(y, [rows, columns], 'bilinear'), 'norm');
  }
  const step = [height / rows, width / columns];
  return m.run(y.op('AveragePool', { kernel_shape: step, strides: step }), 'norm');
}

function features(m: Scope, x: Expression): Expression {
  if (!m.has('msfa')) return m.run(x, 'conv_stem blocks');
  const wanted = new Set(m.ints('msfa_indices'));
  const parts = [m.run(x, 'conv_stem')];
  for (const stage of m.list('blocks')) parts.push(m.call(stage, parts.at(-1)!));
  const adapter = m.inner('msfa', 'timm.models.mobilenetv5.MobileNetV5MultiScaleFusionAdapter');
  return fused(
    adapter,
    parts.filter((_, i) => wanted.has(i)),
  );
}

/** MobileNetV5, and its variant in Gemma 3n. */
export const mobileNetsV5: LoweringFamily = {
  lowerings: {
    'timm.models.mobilenetv5': {
      MobileNetV5: model(features, 'global_pool conv_head? norm_head? flatten classifier'),
      MobileNetV5Encoder: model(features, (_, x) => x),
    },
  },
};
