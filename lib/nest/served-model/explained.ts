import { encodeImage } from '../../learner/fastai/vision/image/write-image.js';
import type { RawImage } from '../../learner/fastai/vision/image-item.js';
import type { Explanation } from '../../learner/fastai/explanation.js';
import type { Shown } from '../../learner/fastai/shown.js';

/** An image as JSON. */
interface PngJson {
  readonly width: number;
  readonly height: number;
  /** In base64. */
  readonly png: string;
}

/** An item as the model sees it, in JSON. */
export async function shownJson(shown: Shown): Promise<object> {
  if ('image' in shown) return { image: await pngOf(shown.image) };
  if (!('inputs' in shown)) return shown;
  const inputs: object[] = [];
  for (const input of shown.inputs) {
    inputs.push('image' in input ? { name: input.name, image: await pngOf(input.image) } : input);
  }
  return { inputs };
}

/** The reasons for a prediction, in JSON. */
export async function explanationJson(explanation: Explanation): Promise<object> {
  const { method, class: name, target } = explanation;
  const base = { method, ...(name === undefined ? {} : { class: name }), target };
  if (explanation.method === 'occlusion') {
    const parts = explanation.parts.map(({ name: column, token, weight }) => ({
      name: column ?? token ?? '',
      weight,
    }));
    return { ...base, parts };
  }
  const { width, height, data } = explanation.heatmap;
  const grey = Uint8Array.from(data, (value) => Math.round(Math.min(1, Math.max(0, value)) * 255));
  return { ...base, heatmap: await pngOf({ width, height, channels: 1, data: grey }) };
}

async function pngOf(image: RawImage): Promise<PngJson> {
  const png = await encodeImage(image, 'image/png');
  const { width, height } = image;
  return { width, height, png: Buffer.from(png).toString('base64') };
}
