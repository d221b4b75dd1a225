import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Tensor } from 'onnxruntime-common';
import {
  NumpyNdarray,
  Runner,
  VtsApi,
  VtsModule,
  type PytorchRunner,
  type RunnerOptions,
} from 'nestjs-vts';

// The same model behind two routes, with and without batching, and a route without a model for the
// cost of HTTP.
const { VTS_HOME, PORT, OPTIONS } = process.env as Record<string, string>;
const options = JSON.parse(OPTIONS!) as RunnerOptions;
const ids = new NumpyNdarray({ dtype: 'int64', shape: [-1, -1] });

@Controller()
class BenchController {
  constructor(
    @Runner('bench_batched:1') private readonly shared: PytorchRunner,
    @Runner('bench_plain:1') private readonly alone: PytorchRunner,
  ) {}

  @VtsApi({ input: ids, output: NumpyNdarray })
  async batched(item: Tensor): Promise<Tensor> {
    return this.shared.run(item);
  }

  @VtsApi({ input: ids, output: NumpyNdarray })
  async plain(item: Tensor): Promise<Tensor> {
    return this.alone.run(item);
  }

  @VtsApi({ input: ids, output: NumpyNdarray })
  async none(item: Tensor): Promise<Tensor> {
    return new Tensor('float32', Float32Array.of(0.25, item.dims.length), [1, 2]);
  }
}

@Module({
  imports: [
    VtsModule.forRoot({
      home: VTS_HOME!,
      overload: true,
      runners: {
        'bench_batched:1': options,
        'bench_plain:1': options,
      },
    }),
  ],
  controllers: [BenchController],
})
class BenchModule {}

const app = await NestFactory.create(BenchModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(Number(PORT), '127.0.0.1');
