import { Controller } from '@nestjs/common';
import { Image, Runner, VtsApi, type FastaiRunner, type Tensor } from 'nestjs-vts';

@Controller()
export class MasksController {
  constructor(
    @Runner('shape_masks:latest') private readonly runner: FastaiRunner<Uint8Array, Tensor>,
  ) {}

  @VtsApi({
    input: new Image({ maxBytes: 5 * 1024 * 1024, maxPixels: 25_000_000 }),
    output: new Image({ mimeType: 'image/png' }),
    summary: 'Where the shape is: a PNG whose palette indices are the classes',
    job: true,
  })
  async mask(image: Uint8Array): Promise<Tensor> {
    const [mask] = await this.runner.predict.run(image);
    return mask;
  }
}
