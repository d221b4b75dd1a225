import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Image,
  NumpyNdarray,
  Runner,
  VtsApi,
  VtsModule,
  type FastaiRunner,
  type Tensor,
} from 'nestjs-vts';
import { VtsExpressAdapter } from 'nestjs-vts/express';

// An image classifier as in the README, without options.
@Controller()
class PhotoController {
  constructor(@Runner('photo:latest') private readonly runner: FastaiRunner<Uint8Array>) {}

  @VtsApi({ input: Image, output: NumpyNdarray })
  async predict(image: Uint8Array): Promise<Tensor> {
    const [, , probabilities] = await this.runner.predict.run(image);
    return probabilities;
  }
}

@Module({
  imports: [VtsModule.forRoot({ home: process.env['VTS_HOME']! })],
  controllers: [PhotoController],
})
class PhotoModule {}

const app = await NestFactory.create(PhotoModule, new VtsExpressAdapter());
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(Number(process.env['PORT']), '127.0.0.1');
