import { Controller, Injectable, Module, type INestApplication } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  DuplicateRootError,
  getRunnerToken,
  InvalidModuleOptionError,
  InvalidRunnerOptionError,
  InvalidTagError,
  ModelNotFoundError,
  ModelStore,
  NumpyNdarray,
  Runner,
  Tensor,
  Text,
  VtsApi,
  VtsModule,
  type FastaiRunner,
  type VtsModuleOptions,
} from 'nestjs-vts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { adapter } from './helpers/adapter.js';
import { HttpClient } from './helpers/http-client.js';
import { MODELS_HOME } from './helpers/models-home.js';
import { startApp } from './helpers/testing-app.js';

const TAG = 'fastai_sentiment:latest';
const home = MODELS_HOME;
const text = 'I really liked that movie!';

@Injectable()
class ByConstructor {
  constructor(@Runner(TAG) readonly runner: FastaiRunner<string, string>) {}
}

@Injectable()
class ByProperty {
  @Runner('fastai_sentiment') readonly runner!: FastaiRunner<string, string>;
}

@Injectable()
class Inherited extends ByProperty {}

@Injectable()
class OfAnotherApp {
  constructor(@Runner('no_such_model') readonly runner: Runner) {}
}

@Controller()
class SentimentController {
  constructor(@Runner(TAG) private readonly runner: FastaiRunner<string, string>) {}

  @VtsApi({ input: Text, output: NumpyNdarray })
  async classifyText(input: string): Promise<Tensor> {
    const [, , probs] = await this.runner.predict.run(input);
    return probs;
  }
}

describe('Runners', () => {
  let app: INestApplication | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  const start = async (...args: Parameters<typeof startApp>): Promise<INestApplication> =>
    (app = await startApp(...args));

  it('open while the application sets up, and close with one that cannot start', async () => {
    @Module({ providers: [ByConstructor] })
    class Fails {
      configure(): void {
        throw new Error('No middleware.');
      }
    }
    const metadata = { imports: [VtsModule.forRoot({ home }), Fails] };
    const module = await Test.createTestingModule(metadata).compile();
    const made = module.createNestApplication(adapter(), { logger: false });
    await expect(made.init()).rejects.toThrow('No middleware.');
    const { runner } = made.get(ByConstructor, { strict: false });
    await vi.waitFor(() => expect(runner.ready).toBe(true), { timeout: 20_000 });
    await made.close();
    expect(runner.ready).toBe(false);
  });

  it('are injected into constructors and properties, one for all', async () => {
    await start({
      imports: [VtsModule.forRoot({ home })],
      providers: [ByConstructor, ByProperty, Inherited],
    });
    const runners = [ByConstructor, ByProperty, Inherited].map((type) => app?.get(type).runner);
    expect(new Set(runners).size).toBe(1);
    const runner = runners[0] as FastaiRunner<string, string>;
    expect(runner.ready).toBe(true);
    expect(runner.kind).toBe('text');
    expect(runner.tag).toMatch(/^fastai_sentiment:(?!latest)/);
    const [decoded, target, probs] = await runner.predict.run(text);
    const classes = (runner.vocab as [string[], string[]])[1];
    expect(classes[Number(target.data[0])]).toBe(decoded);
    expect(probs.dims).toEqual([classes.length]);
    const again = await runner.predict.asyncRun(text);
    expect([...(again[2].data as Float32Array)]).toEqual([...(probs.data as Float32Array)]);
    const [preds] = await runner.getPreds.run([text, 'awful']);
    expect(preds.dims).toEqual([2, classes.length]);
    expect((await runner.get_preds.run([text]))[0].dims).toEqual([1, classes.length]);
    expect((await runner.method('predict').run(text)) as unknown[]).toHaveLength(3);
    expect(() => runner.method('fit')).toThrow('use one of predict()');
  });

  it('are injected into factories', async () => {
    await start({
      imports: [VtsModule.forRoot({ home })],
      providers: [
        {
          provide: 'classes',
          inject: [getRunnerToken('fastai_sentiment'), { token: ModelStore, optional: true }],
          useFactory: (runner: FastaiRunner<string>, store: ModelStore) => ({ runner, store }),
        },
      ],
    });
    const { runner, store } = (app as INestApplication).get('classes');
    expect(runner.ready).toBe(true);
    expect(store.home).toBe(home);
  });

  it('take their options from forRootAsync', async () => {
    @Injectable()
    class Options {
      createVtsOptions(): VtsModuleOptions {
        return { home, runners: { fastai_sentiment: { workers: 2, threads: 1 } } };
      }
    }
    await start({
      imports: [VtsModule.forRootAsync({ useClass: Options, health: false })],
      providers: [ByConstructor],
    });
    expect(app?.get(ByConstructor).runner.stats).toMatchObject({ ready: 2, workers: 2 });
    const client = await HttpClient.of(app as INestApplication);
    expect(await client.get('/readyz')).toMatchObject({ status: 404 });
  });

  it('come with modules that are loaded later', async () => {
    await start({ imports: [VtsModule.forRoot({ home })] });
    @Injectable()
    class Late {
      constructor(@Runner(TAG) readonly runner: FastaiRunner<string, string>) {}
    }
    @Module({ imports: [VtsModule.forFeature('fastai_sentiment')], providers: [Late] })
    class LateModule {}
    const loader = (app as INestApplication).get(LazyModuleLoader);
    const late = (await loader.load(() => LateModule)).get(Late);
    expect(late.runner.ready).toBe(true);
    expect((await late.runner.predict.run(text))[0]).toBe('pos');
  });

  it('may be asked for by a module, before the start', async () => {
    await start({
      imports: [VtsModule.forRoot({ home }), VtsModule.forFeature('fastai_sentiment')],
      providers: [ByConstructor],
    });
    const client = await HttpClient.of(app as INestApplication);
    const { json } = await client.get('/healthz');
    expect(json).toMatchObject({ status: 'ok', info: { [TAG]: { status: 'up', ready: 1 } } });
  });

  it('of a missing model or version fail the start, which lists the existing ones', async () => {
    const failing = startApp({
      imports: [VtsModule.forRoot({ home })],
      providers: [OfAnotherApp, ByConstructor],
    });
    await expect(failing).rejects.toThrow(ModelNotFoundError);
    await expect(failing).rejects.toThrow(/"no_such_model:latest".*has fastai_sentiment:/);
    const { version } = (await new ModelStore(home).get(TAG)).tag;
    @Injectable()
    class OtherVersion {
      constructor(@Runner('fastai_sentiment:v0') readonly runner: Runner) {}
    }
    await expect(
      startApp({ imports: [VtsModule.forRoot({ home })], providers: [OtherVersion] }),
    ).rejects.toThrow(version);
  });

  it('fail the start with options that cannot be used', async () => {
    const withOptions = (runner: object) =>
      startApp({
        imports: [VtsModule.forRoot({ home, runners: { fastai_sentiment: runner } })],
        providers: [ByConstructor],
      });
    await expect(withOptions({ workers: 1000 })).rejects.toThrow(InvalidRunnerOptionError);
    const gpu = withOptions({ executionProviders: ['cuda'] });
    await expect(gpu).rejects.toThrow(/run on the CPU.*pytorch\.saveModel/);
    await expect(startApp({ imports: [VtsModule.forRoot({ timeoutMs: -1 })] })).rejects.toThrow(
      InvalidModuleOptionError,
    );
    await expect(
      startApp({ imports: [VtsModule.forRoot({ modelsHome: home } as VtsModuleOptions)] }),
    ).rejects.toThrow('"modelsHome" is not an option');
    const share = VtsModule.forRoot({ overload: { refusalShare: 2 } });
    await expect(startApp({ imports: [share] })).rejects.toThrow('overload.refusalShare is 2');
    const host = VtsModule.forRoot({ scope: 'all' as never });
    await expect(startApp({ imports: [host] })).rejects.toThrow(
      'scope is "all"; use endpoints or application',
    );
  });

  it('belong to one forRoot', async () => {
    const imports = [VtsModule.forRoot({ home }), VtsModule.forRoot({ home: '/elsewhere' })];
    await expect(startApp({ imports })).rejects.toThrow(DuplicateRootError);
  });

  it('are named by valid tags', () => {
    expect(() => Runner('no model')).toThrow(InvalidTagError);
    expect(() => getRunnerToken('a:b:c')).toThrow(InvalidTagError);
    expect(() => VtsModule.forFeature('')).toThrow(InvalidTagError);
    expect(getRunnerToken('iris')).toBe(getRunnerToken('iris:latest'));
  });

  it('that are overridden need no model', async () => {
    const probs = new Tensor('float32', Float32Array.of(0.25, 0.75), [2]);
    const double = { predict: { run: async () => ['pos', new Tensor('int64', [1n], []), probs] } };
    const module = await Test.createTestingModule({
      imports: [VtsModule.forRoot({ home: '/no/such/store' })],
      controllers: [SentimentController],
    })
      .overrideProvider(getRunnerToken(TAG))
      .useValue(double)
      .compile();
    app = module.createNestApplication(adapter(), { logger: false });
    await app.listen(0);
    const client = await HttpClient.of(app);
    expect(await client.text('/classifyText', text)).toMatchObject({ text: '[0.25,0.75]' });
    expect(await client.get('/readyz')).toMatchObject({ status: 200 });
  });

  it('of classes that are overridden need no model either', async () => {
    await start(
      { imports: [VtsModule.forRoot({ home })], providers: [OfAnotherApp] },
      { overrides: (builder) => builder.overrideProvider(OfAnotherApp).useValue({}) },
    );
    expect(app?.get(OfAnotherApp)).toEqual({});
  });
});
