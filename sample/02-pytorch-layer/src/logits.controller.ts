import { Controller } from '@nestjs/common';
import { NumpyNdarray, Runner, VtsApi, type PytorchRunner, type Tensor } from 'nestjs-vts';

@Controller()
export class LogitsController {
  constructor(@Runner('my_pytorch_model:latest') private readonly runner: PytorchRunner) {}

  @VtsApi({
    // Ids are whole numbers: 3.5 is refused, not truncated to 3.
    input: NumpyNdarray.fromSample([[2, 8, 11, 170, 9, 33, 21, 14]], {
      dtype: 'int64',
      shape: [-1, -1],
      enforceDtype: true,
    }),
    output: new NumpyNdarray({ dtype: 'float32', shape: [-1, 2], allowNaN: false }),
    summary: 'Logits of token ids',
    description:
      'One row of ids for each text, shorter ones padded with 1 on either side. The logits are those of the classes neg and pos, before softmax.',
  })
  async logits(ids: Tensor): Promise<Tensor> {
    return this.runner.asyncRun(ids);
  }
}
