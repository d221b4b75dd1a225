import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { NumpyNdarray, Runner, Text, VtsApi, VtsModule } from 'nestjs-vts';
import type { FastaiRunner, Tensor } from 'nestjs-vts';

@Controller()
class SentimentController {
  constructor(@Runner('fastai_sentiment:latest') private readonly runner: FastaiRunner<string>) {}

  @VtsApi({ input: Text, output: NumpyNdarray })
  async classifyText(text: string): Promise<Tensor> {
    const result = await this.runner.predict.asyncRun(text);
    return result[2];
  }
}

@Module({
  imports: [VtsModule.forRoot({ home: process.env['VTS_HOME'] })],
  controllers: [SentimentController],
})
class AppModule {}

/** Starts the application, calls it once, and prints what it answers. */
export async function main(adapter: AbstractHttpAdapter): Promise<void> {
  const app = await NestFactory.create(AppModule, adapter, { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  const response = await fetch(`${await app.getUrl()}/classifyText`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'I really liked that movie!',
  });
  console.log(JSON.stringify({ status: response.status, body: await response.json() }));
  await app.close();
}
