import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { VtsExpressAdapter } from 'nestjs-vts/express';
import { VtsModule } from 'nestjs-vts';
import { Runnable, RunnableMethod } from 'nestjs-vts/runnable';

const numbers = { name: 'x', datatype: 'FP32', shape: [-1] } as const;

// Receives and returns tensors, without a model.
@Runnable()
class Echo {
  @RunnableMethod({ tensors: { inputs: [numbers], outputs: [numbers] } })
  echo(x: unknown): unknown {
    return x;
  }
}

const grpc = { port: Number(process.env['GRPC_PORT']), host: '127.0.0.1' };

@Module({
  imports: [
    VtsModule.forRoot({
      accessLog: false,
      maxBodyBytes: 64 * 2 ** 20,
      runnables: [Echo],
      openInference: { grpc },
    }),
  ],
})
class ProtocolModule {}

const app = await NestFactory.create(ProtocolModule, new VtsExpressAdapter(), {
  logger: ['error', 'warn'],
});
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(Number(process.env['PORT']), '127.0.0.1');
