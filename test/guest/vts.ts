import { Controller, Module } from '@nestjs/common';
import {
  NumpyNdarray,
  Runner,
  Text,
  VtsApi,
  VtsModule,
  type FastaiRunner,
  type Tensor,
} from 'nestjs-vts';

@Controller()
class ScoreController {
  constructor(@Runner('fastai_sentiment') private readonly runner: FastaiRunner<string, string>) {}

  @VtsApi({ input: Text, output: NumpyNdarray })
  async score(text: string): Promise<Tensor> {
    return (await this.runner.predict.run(text))[2];
  }
}

/** What the host imports: the module with its store and the protocol, and one endpoint. */
@Module({
  imports: [VtsModule.forRoot({ home: process.env['HOME_OF_MODELS'], openInference: true })],
  controllers: [ScoreController],
})
export class ScoreModule {}
