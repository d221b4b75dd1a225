import { Controller } from '@nestjs/common';
import {
  File,
  Image,
  Multipart,
  NumpyNdarray,
  Runner,
  Text,
  VtsApi,
  type FastaiRunner,
  type Tensor,
} from 'nestjs-vts';

const pictures = new Image({ maxBytes: 5 * 1024 * 1024, maxPixels: 25_000_000 });

@Controller()
export class ShapesController {
  constructor(
    @Runner('shapes:latest') private readonly shapes: FastaiRunner<Uint8Array, string>,
    @Runner('shape_masks:latest') private readonly masks: FastaiRunner<Uint8Array, Tensor>,
  ) {}

  @VtsApi({ input: pictures, output: Text, summary: 'The shape in a picture' })
  async name(image: Uint8Array): Promise<string> {
    const [name] = await this.shapes.predict.run(image);
    return name;
  }

  @VtsApi({
    input: pictures,
    output: new NumpyNdarray({ dtype: 'float32', shape: [3], allowNaN: false }),
    summary: 'Probabilities of circle, cross and square',
  })
  async classify(image: Uint8Array): Promise<Tensor> {
    const [, , probabilities] = await this.shapes.predict.run(image);
    return probabilities;
  }

  @VtsApi({
    input: pictures,
    output: new Image({ mimeType: 'image/png' }),
    summary: 'Where the shape is: a PNG whose palette indices are the classes',
  })
  async mask(image: Uint8Array): Promise<Tensor> {
    const [mask] = await this.masks.predict.run(image);
    return mask;
  }

  @VtsApi({
    input: new Multipart({ before: Image, after: Image, note: Multipart.optional(Text) }),
    output: new Multipart({ verdict: Text, mask: new Image(), original: File }),
    summary: 'Whether two pictures show the same shape',
  })
  async compare(form: { before: Uint8Array; after: Uint8Array; note?: string }): Promise<{
    verdict: string;
    mask: Tensor;
    original: Uint8Array;
  }> {
    const [before, after] = await Promise.all([this.name(form.before), this.name(form.after)]);
    const verdict = before === after ? `still a ${before}` : `was a ${before}, is a ${after}`;
    return {
      verdict: form.note === undefined ? verdict : `${form.note}: ${verdict}`,
      mask: await this.mask(form.after),
      original: form.after,
    };
  }
}
