import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Controller,
  Global,
  Inject,
  Injectable,
  Module,
  type INestApplication,
} from '@nestjs/common';
import {
  DuplicateRunnableError,
  getRunnerToken,
  InputError,
  InvalidRunnableError,
  InvalidRunnerOptionError,
  InvalidTagError,
  Json,
  ModelLoadError,
  NotAStreamError,
  RunAbortedError,
  Runnable,
  RunnableMethod,
  RunnableNotRegisteredError,
  Runner,
  RunnerOverloadedError,
  RunTimeoutError,
  Tensor,
  Text,
  TooManyCallsError,
  VtsApi,
  VtsModule,
  type OnRunnableDestroy,
  type OnRunnableInit,
  type RunnerMethod,
  type RunnerOf,
  type RunnerOptions,
} from 'nestjs-vts';
import { firstValueFrom, lastValueFrom, of, toArray, type Observable } from 'rxjs';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { Tools, Unnamed, type Where } from './fixtures/runnables/tools.mjs';
import { HttpClient } from './helpers/http-client.js';
import { startRunnable } from './helpers/runner-app.js';
import { startApp } from './helpers/testing-app.js';

const apps: INestApplication[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function toolsIn(options: RunnerOptions = {}): Promise<RunnerOf<Tools>> {
  const { app, runner } = await startRunnable(Tools, 'tools', { workers: 1, ...options });
  apps.push(app);
  return runner;
}

async function start(...args: Parameters<typeof startApp>): Promise<INestApplication> {
  const app = await startApp(...args);
  apps.push(app);
  return app;
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

const error = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe.each(['thread', 'process'] as const)('A runnable in a %s', (isolation) => {
  it('is constructed with params, initialized, and destroyed where it runs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vts-runnable-'));
    const log = join(folder, 'log');
    const runner = await toolsIn({ isolation, params: { log, scale: new Map([['a', 1]]) } });
    const { pid, thread, params, initialized } = await runner.where.run();
    if (isolation === 'process') expect(pid).not.toBe(process.pid);
    else expect([pid, thread > 0]).toEqual([process.pid, true]);
    expect(params).toEqual({ log, scale: new Map([['a', 1]]) });
    expect(initialized).toBe(true);
    expect(runner.stats).toMatchObject({ ready: 1, workers: 1, completed: 1 });
    await Promise.all(apps.splice(0).map((app) => app.close()));
    expect((await readFile(log, 'utf8')).split('\n')).toEqual(['init', 'destroy', '']);
    await rm(folder, { recursive: true });
  });

  it('passes on the kind and message of an error, and keeps running', async () => {
    const runner = await toolsIn({ isolation });
    expect(await error(runner.fail.run())).toMatchObject({
      name: 'RunFailedError',
      kind: 'RangeError',
      message: 'out of range',
    });
    const refused = await error(runner.refuse.asyncRun());
    expect(refused).toBeInstanceOf(InputError);
    expect(refused).toMatchObject({ name: 'RunInputError', kind: 'BadItemError' });
    expect(runner.stats).toMatchObject({ failed: 1, rejected: 1, completed: 0, restarts: 0 });
  });

  it('puts the calls of batchable methods together', async () => {
    const runner = await toolsIn({ isolation });
    const texts = Array.from({ length: 40 }, (_, i) => (i === 17 ? ['bad'] : [`t${i}`, 'x']));
    const answers = await Promise.all(
      texts.map((text) => runner.upper.run(text).catch((reason: Error) => reason.message)),
    );
    expect(answers).toEqual(
      texts.map((text, i) =>
        i === 17 ? 'The item is bad; send a good one.' : text.map((word) => word.toUpperCase()),
      ),
    );
    const tensors = Array.from(
      { length: 20 },
      (_, i) => new Tensor('float32', Float32Array.of(i, i + 1, i, i), [2, 2]),
    );
    const doubled = await Promise.all(tensors.map((tensor) => runner.twice.run(tensor)));
    doubled.forEach((tensor, i) => {
      expect(tensor.dims).toEqual([2, 2]);
      expect([...(tensor.data as Float32Array)]).toEqual([2 * i, 2 * i + 2, 2 * i, 2 * i]);
    });
    const { batches } = await runner.seen.run();
    expect(Math.max(...batches)).toBeGreaterThan(10);
    expect(await error(runner.upper.run('no list' as never))).toBeInstanceOf(InputError);
  });

  it('streams, and stops when its reader leaves', async () => {
    const runner = await toolsIn({ isolation });
    expect(await collect(runner.count.stream(100))).toEqual(
      Array.from({ length: 100 }, (_, i) => ({ i })),
    );
    expect(await lastValueFrom(runner.ticks.run(4).pipe(toArray()))).toEqual([0, 1, 4, 9]);
    for await (const { i } of runner.count.run(1e9)) if (i === 40) break;
    expect(await firstValueFrom(runner.count.asyncRun(1e9))).toEqual({ i: 0 });
    // The worker is free again, as both have ended there.
    expect(await runner.seen.run()).toMatchObject({ left: 3 });
    const seen: number[] = [];
    const failed = await error(
      (async () => {
        for await (const value of runner.failing.stream()) seen.push(value);
      })(),
    );
    expect([seen, failed]).toMatchObject([[1], { kind: 'BadItemError' }]);
    expect(runner.stats).toMatchObject({ abandoned: 2, rejected: 1, restarts: 0 });
  });

  it('aborts the signal of a method when its caller has left', async () => {
    const runner = await toolsIn({ isolation });
    const late = runner.waits.run('item', { timeoutMs: 50 });
    expect(await error(late)).toBeInstanceOf(RunTimeoutError);
    expect(await runner.seen.run()).toMatchObject({ left: 1 });
    const leaving = new AbortController();
    const call = runner.waits.run('item', { signal: leaving.signal });
    setTimeout(() => leaving.abort(), 20);
    expect(await error(call)).toBeInstanceOf(RunAbortedError);
    expect(await runner.seen.run()).toMatchObject({ left: 2 });
    expect(runner.stats.restarts).toBe(0);
  });

  it('refuses calls beyond its limits', async () => {
    const runner = await toolsIn({ isolation, maxQueueSize: 2, maxConcurrency: 4 });
    await runner.sleep.run(50);
    const first = runner.sleep.run(1500);
    const waiting = [runner.sleep.run(1), runner.sleep.run(2)];
    await delay(20);
    expect(runner.stats).toMatchObject({ running: 1, queued: 2, full: true });
    const refused = await error(runner.sleep.run(3));
    expect(refused).toBeInstanceOf(RunnerOverloadedError);
    expect((refused as RunnerOverloadedError).retryAfterSeconds).toBe(1);
    expect(await Promise.all([first, ...waiting])).toEqual([1500, 1, 2]);
    expect(runner.stats).toMatchObject({ queued: 0, full: false, shed: 1, failed: 0 });
    const other = await toolsIn({ isolation, maxConcurrency: 1, workers: 2 });
    const running = other.sleep.run(200);
    expect(await error(other.sleep.run(1))).toBeInstanceOf(TooManyCallsError);
    await running;
    expect(await other.sleep.run(1)).toBe(1);
  });

  it('that cannot be initialized fails the start', async () => {
    const failing = startRunnable(Tools, 'tools', { isolation, params: { failInit: true } });
    await expect(failing).rejects.toThrow(ModelLoadError);
    await expect(failing).rejects.toMatchObject({ kind: 'RangeError' });
  });
});

@Injectable()
class Prices {
  readonly price = 7;
}

@Runnable()
class Till implements OnRunnableInit, OnRunnableDestroy {
  static events: string[] = [];

  constructor(private readonly prices: Prices) {}

  onRunnableInit(): void {
    Till.events.push('init');
  }

  onRunnableDestroy(): void {
    Till.events.push('destroy');
  }

  @RunnableMethod()
  total(count: number): number {
    if (count < 0) throw new RangeError('no count');
    return count * this.prices.price;
  }

  @RunnableMethod({ batchable: true })
  async totals(counts: readonly number[]): Promise<number[]> {
    await delay(2);
    return counts.map((count) => count * this.prices.price);
  }

  @RunnableMethod()
  async *steps(count: number): AsyncGenerator<number> {
    try {
      for (let i = 1; i <= count; i++) yield i * this.prices.price;
    } finally {
      Till.events.push('left');
    }
  }

  @RunnableMethod()
  bits(count: number): Observable<number> {
    return of(...Array.from({ length: count }, (_, i) => 2 ** i));
  }

  // What returns a stream without a word of it in its type.
  @RunnableMethod()
  hidden(count: number) {
    return this.steps(count);
  }

  private secret(): number {
    return 1;
  }

  open2(): number {
    return this.secret();
  }
}

@Controller()
class TillController {
  constructor(@Runner(Till) readonly till: RunnerOf<Till>) {}

  @VtsApi({ input: Json, output: Json })
  total(count: unknown): Promise<unknown> {
    return this.till.total.run(count as number);
  }

  @VtsApi({ input: Json, output: new Text({ stream: true }) })
  async *steps(count: unknown): AsyncGenerator<string> {
    for await (const step of this.till.steps.stream(count as number)) yield String(step);
  }
}

describe('A runnable in the application', () => {
  const parts = {
    imports: [VtsModule.forRoot({ runnables: [Till] })],
    controllers: [TillController],
    providers: [
      { provide: Till, useFactory: (prices: Prices) => new Till(prices), inject: [Prices] },
      Prices,
    ],
  };

  it('gets the providers of its own module', async () => {
    Till.events = [];
    const app = await start(parts);
    const { till } = app.get(TillController);
    expect(await till.total.run(3)).toBe(21);
    expect(await Promise.all([1, 2, 3].map((n) => till.totals.run([n, n])))).toEqual([
      [7, 7],
      [14, 14],
      [21, 21],
    ]);
    expect(await error(till.total.run(-1))).toMatchObject({ kind: 'RangeError' });
    expect(await collect(till.steps.run(3))).toEqual([7, 14, 21]);
    for await (const _ of till.steps.stream(1e9)) break;
    expect(await lastValueFrom(till.bits.stream(3).pipe(toArray()))).toEqual([1, 2, 4]);
    expect(await collect(till.bits.run(3))).toEqual([1, 2, 4]);
    expect(await collect(till.hidden.run(2))).toEqual([7, 14]);
    expect(await error(till.hidden.run(2) as unknown as Promise<unknown>)).toMatchObject({
      kind: 'StreamResultError',
    });
    await expect(
      collect((till.total as unknown as RunnerOf<Till>['steps']).stream(1)),
    ).rejects.toMatchObject({ kind: NotAStreamError.name });
    expect(till.stats).toMatchObject({ ready: 1, workers: 1, running: 0, queued: 0 });
    expect(till.ready).toBe(true);
    expect(till.tag).toBe('till');
    expect(() => till.method('secret')).toThrow('use one of total()');
    await app.close();
    apps.length = 0;
    // The one that nobody could have read had not begun.
    expect(Till.events).toEqual(['init', 'left', 'left', 'left', 'destroy']);
    expect(till.ready).toBe(false);
  });

  it('gets global providers', async () => {
    @Global()
    @Module({ providers: [{ provide: 'price', useValue: 5 }], exports: ['price'] })
    class PriceModule {}
    @Runnable({ name: 'shop.x' })
    class Shop {
      constructor(@Inject('price') private readonly price: number) {}
      @RunnableMethod()
      async __call__(count: number): Promise<number> {
        return count * this.price;
      }
    }
    const app = await start({
      imports: [PriceModule, VtsModule.forRootAsync({ useFactory: () => ({}), runnables: [Shop] })],
    });
    const shop = app.get<RunnerOf<Shop>>(getRunnerToken(Shop));
    expect(await shop.run(2)).toBe(10);
    expect(await shop.__call__.run(3)).toBe(15);
    const client = await HttpClient.of(app);
    expect((await client.get('/healthz')).json).toMatchObject({
      info: { 'shop.x': { status: 'up', ready: 1, completed: 2 } },
    });
  });

  it('answers over HTTP', async () => {
    const app = await start(parts);
    const client = await HttpClient.of(app);
    expect(await client.json('/total', '4')).toMatchObject({ status: 200, json: 28 });
    expect(await client.json('/steps', '2')).toMatchObject({
      status: 200,
      text: 'data: 7\n\ndata: 14\n\nevent: end\ndata: \n\n',
    });
    expect(await client.json('/total', '-1')).toMatchObject({ status: 500 });
  });

  it('may be replaced by a double', async () => {
    const double = { total: { run: async () => 99 } };
    const app = await start(
      { imports: [VtsModule.forRoot({ runnables: [] })], controllers: [TillController] },
      {
        overrides: (builder) => builder.overrideProvider(getRunnerToken(Till)).useValue(double),
      },
    );
    const client = await HttpClient.of(app);
    expect(await client.json('/total', '4')).toMatchObject({ status: 200, json: 99 });
    expect(await client.get('/readyz')).toMatchObject({ status: 200 });
  });

  it('replaces workers that cannot load its module, with a warning', async () => {
    @Runnable({ workers: 2 })
    class Compiled {
      @RunnableMethod()
      pid(): number {
        return process.pid;
      }
    }
    const { app, runner, warnings } = await startRunnable(Compiled, 'compiled');
    apps.push(app);
    expect(await runner.pid.run()).toBe(process.pid);
    expect(runner.stats).toMatchObject({ workers: 1, ready: 1 });
    expect(warnings.filter((line) => line.includes('import.meta.url'))).toHaveLength(1);
    await expect(startRunnable(Compiled, 'compiled', { isolation: 'process' })).rejects.toThrow(
      /cannot load Compiled.*import\.meta\.url/,
    );
  });
});

describe('A runnable whose module is found in the call stack', () => {
  it('runs in workers', async () => {
    const { app, runner, warnings } = await startRunnable(Unnamed, 'unnamed', {
      isolation: 'process',
    });
    apps.push(app);
    expect((await runner.where.run()).pid).not.toBe(process.pid);
    expect(warnings).toEqual([]);
  });
});

describe('Runnables', () => {
  it('are refused where they are declared', () => {
    const declare = (options: object, method?: object) => (): void => {
      class Wrong {
        go(): void {}
      }
      if (method) {
        const descriptor = Object.getOwnPropertyDescriptor(Wrong.prototype, 'go');
        RunnableMethod(method)(Wrong.prototype, 'go', descriptor as never);
      }
      Runnable(options)(Wrong);
    };
    expect(declare({}, {})).not.toThrow();
    expect(declare({})).toThrow(/Wrong cannot be a runnable: it has no runnable method/);
    expect(declare({ name: 'a b' }, {})).toThrow(InvalidTagError);
    expect(declare({ workers: 0 }, {})).toThrow(InvalidRunnableError);
    expect(declare({ worker: 1 }, {})).toThrow('"worker" is not an option');
    expect(declare({ isolation: 'vm' }, {})).toThrow('use thread or process');
    expect(declare({ module: 'tools' }, {})).toThrow('use import.meta.url');
    expect(declare({}, { batchable: 'no' })).toThrow('batchable of go() is no');
    expect(declare({}, { batchDim: [0, 1, 2] })).toThrow(InvalidRunnableError);
    expect(declare({}, { batchable: true, stream: true })).toThrow('streams cannot be batched');
  });

  it('are refused if a method would hide a member of the runner', () => {
    class Closer {
      close(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Closer.prototype, 'close');
    RunnableMethod()(Closer.prototype, 'close', descriptor as never);
    expect(() => Runnable()(Closer)).toThrow('runners already have a member "close"');
  });

  it('are refused at the start', async () => {
    @Runnable({ name: 'till' })
    class Other {
      @RunnableMethod()
      go(): void {}
    }
    class Plain {}
    @Runnable({ workers: 1, module: import.meta.url })
    class Needy {
      constructor(readonly prices: Prices) {}
      @RunnableMethod()
      go(): void {}
    }
    Reflect.defineMetadata('design:paramtypes', [Prices], Needy);
    const starting = (options: Parameters<typeof VtsModule.forRoot>[0]): Promise<unknown> =>
      error(startApp({ imports: [VtsModule.forRoot(options)] }));
    expect(await starting({ runnables: [Till, Other] })).toBeInstanceOf(DuplicateRunnableError);
    expect(await starting({ runnables: [Plain] })).toBeInstanceOf(InvalidRunnableError);
    expect(await starting({ runnables: [Needy] })).toBeInstanceOf(InvalidRunnableError);
    const unregistered = await error(
      startApp({ imports: [VtsModule.forRoot({})], controllers: [TillController] }),
    );
    expect(unregistered).toBeInstanceOf(RunnableNotRegisteredError);
    expect((unregistered as Error).message).toContain('runnables: [Till]');
    for (const options of [{ threads: 2 }, { precision: 'int8' }, { workers: -1 }, { speed: 1 }]) {
      const runners = { tools: options as RunnerOptions };
      expect(await starting({ runnables: [Tools], runners })).toBeInstanceOf(
        InvalidRunnerOptionError,
      );
    }
    expect(() => Runner(Plain)).toThrow(InvalidRunnableError);
  });

  it('have runners with the types of their methods', () => {
    type Till_ = RunnerOf<Till>;
    expectTypeOf<Parameters<Till_['total']['run']>[0]>().toEqualTypeOf<number>();
    expectTypeOf<ReturnType<Till_['total']['run']>>().toEqualTypeOf<Promise<number>>();
    expectTypeOf<ReturnType<Till_['totals']['run']>>().toEqualTypeOf<Promise<number[]>>();
    expectTypeOf<ReturnType<Till_['bits']['stream']>>().toExtend<Observable<number>>();
    expectTypeOf<ReturnType<Till_['steps']['run']>>().toExtend<AsyncIterable<number>>();
    expectTypeOf<Till_>().not.toHaveProperty('secret');
    expectTypeOf<Till_>().not.toHaveProperty('onRunnableInit');
    expectTypeOf<RunnerOf<Tools>['where']>().toEqualTypeOf<RunnerMethod<void, Where>>();
  });
});
