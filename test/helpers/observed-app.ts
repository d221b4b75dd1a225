import { Controller, Get, HttpCode, NotFoundException, Param, Post } from '@nestjs/common';
import {
  NumpyNdarray,
  Runner,
  Text,
  VtsApi,
  VtsModule,
  type FastaiRunner,
  type Tensor,
  type VtsModuleExtras,
  type VtsModuleOptions,
} from 'nestjs-vts';
import { MODELS_HOME } from './models-home.js';

@Controller()
export class SentimentController {
  constructor(@Runner('fastai_sentiment') readonly runner: FastaiRunner<string, string>) {}

  @VtsApi({ input: Text, output: NumpyNdarray })
  async classifyText(text: string): Promise<Tensor> {
    return (await this.runner.predict.run(text))[2];
  }

  @VtsApi({ input: Text, output: NumpyNdarray, timeoutMs: 60 })
  async inHaste(text: string): Promise<Tensor> {
    return (await this.runner.predict.run(text))[2];
  }

  @VtsApi({ input: Text, output: Text })
  async broken(text: string): Promise<string> {
    throw new Error(`secret of ${text}`);
  }
}

/** Routes that are no endpoints. */
@Controller('things')
export class ThingsController {
  @Get(':id')
  get(@Param('id') id: string): string {
    if (id === 'none') throw new NotFoundException();
    return id;
  }

  @Post()
  @HttpCode(204)
  add(): void {}
}

/** Parts of an application with endpoints of a small text learner, and other routes. */
export function observedApp(options: VtsModuleOptions & VtsModuleExtras = {}): {
  imports: [ReturnType<typeof VtsModule.forRoot>];
  controllers: [typeof SentimentController, typeof ThingsController];
} {
  return {
    imports: [
      VtsModule.forRoot({
        home: MODELS_HOME,
        errors: 'application',
        observe: 'application',
        ...options,
      }),
    ],
    controllers: [SentimentController, ThingsController],
  };
}

/** A text whose prediction takes some tenths of a second. */
export const LONG_TEXT = 'I liked the movie a lot, but it was far too long for me. '.repeat(2000);
