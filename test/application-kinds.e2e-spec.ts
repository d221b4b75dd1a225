import { Controller, Get, Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { AbstractHttpAdapter } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import {
  NumpyNdarray,
  Runner,
  Text,
  UnsupportedAdapterError,
  VtsApi,
  VtsModule,
  type FastaiRunner,
  type Tensor,
} from 'nestjs-vts';
import { firstValueFrom } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../bench/load/free-port.js';
import { adapter } from './helpers/adapter.js';
import { HttpClient } from './helpers/http-client.js';
import { MODELS_HOME } from './helpers/models-home.js';

const TEXT = 'I really liked that movie!';
const QUIET = { logger: false, abortOnError: false } as const;

@Injectable()
class Scorer {
  constructor(@Runner('fastai_sentiment') readonly runner: FastaiRunner<string, string>) {}

  async score(text: string): Promise<string> {
    return (await this.runner.predict.run(text))[0];
  }
}

@Controller()
class ScoreController {
  constructor(private readonly scorer: Scorer) {}

  @VtsApi({ input: Text, output: NumpyNdarray })
  async classifyText(text: string): Promise<Tensor> {
    return (await this.scorer.runner.predict.run(text))[2];
  }

  @Get('own')
  own(): string {
    return 'own';
  }

  @MessagePattern('score')
  score(text: string): Promise<string> {
    return this.scorer.score(text);
  }
}
Reflect.defineMetadata('design:paramtypes', [Scorer], ScoreController);

@Module({
  imports: [VtsModule.forRoot({ home: MODELS_HOME, accessLog: false })],
  providers: [Scorer],
  controllers: [ScoreController],
})
class AppModule {}

function clientOf(port: number): ClientProxy {
  return ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
  });
}

describe('The module in every kind of application', () => {
  const open: INestApplicationContext[] = [];
  afterEach(async () => {
    for (const app of open.splice(0)) await app.close();
  });
  const kept = <App extends INestApplicationContext>(app: App): App => {
    open.push(app);
    return app;
  };

  it('an application context, as scripts and queue workers have it', async () => {
    const context = kept(await NestFactory.createApplicationContext(AppModule, QUIET));
    expect(['pos', 'neg']).toContain(await context.get(Scorer).score(TEXT));
  });

  it('a microservice', async () => {
    const port = await freePort();
    const service = kept(
      await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
        ...QUIET,
        transport: Transport.TCP,
        options: { host: '127.0.0.1', port },
      }),
    );
    await service.listen();
    const client = clientOf(port);
    const expected = await service.get(Scorer).score(TEXT);
    expect(await firstValueFrom(client.send('score', TEXT))).toBe(expected);
    await client.close();
  });

  it('a hybrid one', async () => {
    const port = await freePort();
    const app = kept(await NestFactory.create(AppModule, adapter(), QUIET));
    app.connectMicroservice<MicroserviceOptions>({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
    });
    await app.startAllMicroservices();
    await app.listen(0);
    const client = clientOf(port);
    const expected = await app.get(Scorer).score(TEXT);
    expect(await firstValueFrom(client.send('score', TEXT))).toBe(expected);
    await client.close();
    const http = await HttpClient.of(app);
    expect(await http.text('/classifyText', TEXT)).toMatchObject({ status: 200 });
  });

  it('several in one process, which come and go', async () => {
    const start = async (): Promise<HttpClient> => {
      const app = kept(await NestFactory.create(AppModule, adapter(), QUIET));
      await app.listen(0);
      return HttpClient.of(app);
    };
    const [first, second] = [await start(), await start()];
    const answer = await first.text('/classifyText', TEXT);
    expect(answer.status).toBe(200);
    await open.shift()?.close();
    expect((await second.text('/classifyText', TEXT)).json).toEqual(answer.json);
    // As with hot reload: again, after the first has ended.
    const third = await start();
    expect((await third.text('/classifyText', TEXT)).json).toEqual(answer.json);
  });

  it('a testing module that never becomes an application', async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    module.useLogger(false);
    kept(module);
    await module.init();
    expect(['pos', 'neg']).toContain(await module.get(Scorer).score(TEXT));
  });

  it('a context that loads the module of a runner when it wants it', async () => {
    @Module({ imports: [VtsModule.forRoot({ home: MODELS_HOME })] })
    class Bare {}
    @Module({ imports: [VtsModule.forFeature('fastai_sentiment')], providers: [Scorer] })
    class Late {}
    const context = kept(await NestFactory.createApplicationContext(Bare, QUIET));
    const late = await context.get(LazyModuleLoader).load(() => Late);
    expect(['pos', 'neg']).toContain(await late.get(Scorer).score(TEXT));
  });

  it('another HTTP adapter is refused at the start, with those that work', async () => {
    class OddAdapter extends ExpressAdapter {
      override getType(): never {
        return 'odd' as never;
      }
    }
    const app = await NestFactory.create(AppModule, new OddAdapter() as AbstractHttpAdapter, QUIET);
    await expect(app.init()).rejects.toThrow(UnsupportedAdapterError);
    await expect(app.init()).rejects.toThrow(/OddAdapter; use ExpressAdapter .* FastifyAdapter/);
  });
});
