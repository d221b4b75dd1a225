import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { VtsModule } from 'nestjs-vts';
import { VtsExpressAdapter } from 'nestjs-vts/express';

// An application that runs models for others over gRPC and REST. It uses Unix sockets in a folder,
// or the ports `HTTP_PORT` and `GRPC_PORT`.
const { HOME_OF_MODELS: home = '', MODEL = '', SOCKETS = '', HTTP_PORT, GRPC_PORT } = process.env;
const grpc =
  GRPC_PORT === undefined
    ? { port: 0, host: `unix:${SOCKETS}/grpc.sock` }
    : { port: Number(GRPC_PORT), host: '127.0.0.1' };

@Module({
  imports: [
    VtsModule.forRoot({
      home,
      accessLog: false,
      openInference: { grpc, models: [MODEL] },
      runners: { [MODEL]: { workers: 1, threads: 1 } },
    }),
  ],
})
class ModelsModule {}

const app = await NestFactory.create(ModelsModule, new VtsExpressAdapter(), {
  logger: ['error', 'warn'],
});
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(HTTP_PORT ?? `${SOCKETS}/http.sock`);
console.log('listening');
