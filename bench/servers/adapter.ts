import { Controller, Module } from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { VtsExpressAdapter } from 'nestjs-vts/express';
import { Json, VtsApi, VtsModule } from 'nestjs-vts';

const ADAPTERS: Readonly<Record<string, () => AbstractHttpAdapter>> = {
  express: () => new ExpressAdapter(),
  'vts-express': () => new VtsExpressAdapter(),
  fastify: () => new FastifyAdapter(),
};

// An endpoint without a model: the cost of HTTP and the contract.
@Controller()
class EchoController {
  @VtsApi({ input: Json, output: Json })
  echo(value: unknown): unknown {
    return value;
  }
}

@Module({ imports: [VtsModule.forRoot({ accessLog: false })], controllers: [EchoController] })
class EchoModule {}

const make = ADAPTERS[process.env['ADAPTER'] ?? 'express']!;
const app = await NestFactory.create(EchoModule, make(), { logger: ['error', 'warn'] });
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(Number(process.env['PORT']), '127.0.0.1');
