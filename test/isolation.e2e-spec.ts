import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Controller, type INestApplication } from '@nestjs/common';
import {
  Json,
  RunTimeoutError,
  Runner,
  VtsApi,
  VtsModule,
  WorkerDiedError,
  type FastaiRunner,
  type RunnerHandle,
  type RunnerOf,
  type RunnerOptions,
} from 'nestjs-vts';
import { afterEach, describe, expect, it } from 'vitest';
import { Tools } from './fixtures/runnables/tools.mjs';
import { HttpClient } from './helpers/http-client.js';
import { MODELS_HOME } from './helpers/models-home.js';
import { childrenOf, isAlive } from './helpers/processes.js';
import { startRunnable } from './helpers/runner-app.js';
import { startApp } from './helpers/testing-app.js';

const APP = fileURLToPath(new URL('./fixtures/runnables/app.mjs', import.meta.url));
const MB = 2 ** 20;

const apps: INestApplication[] = [];
let parent: ChildProcess | undefined;
afterEach(async () => {
  parent?.kill('SIGKILL');
  parent = undefined;
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function toolsIn(options: RunnerOptions): Promise<RunnerOf<Tools>> {
  const { app, runner } = await startRunnable(Tools, 'tools', { isolation: 'process', ...options });
  apps.push(app);
  return runner;
}

/** The children that serve: this process has none but those of its runners. */
const workers = (): number[] => childrenOf(process.pid);

@Controller()
class SentimentController {
  constructor(@Runner('fastai_sentiment') readonly runner: FastaiRunner<string, string>) {}

  @VtsApi({ input: Json, output: Json })
  async classes(text: unknown): Promise<unknown> {
    return (await this.runner.predict.run(text as string))[0];
  }
}

@Controller()
class UpperController {
  constructor(@Runner(Tools) readonly tools: RunnerOf<Tools>) {}

  @VtsApi({ input: Json, output: Json })
  upper(text: unknown): Promise<unknown> {
    return this.tools.upper.run([text as string]);
  }
}

describe.runIf(process.platform === 'linux')('Workers in processes of their own', () => {
  it('give the same results as threads', async () => {
    const predict = async (isolation: 'thread' | 'process'): Promise<number[]> => {
      const app = await startApp({
        imports: [
          VtsModule.forRoot({
            home: MODELS_HOME,
            runners: { fastai_sentiment: { isolation, workers: 1 } },
          }),
        ],
        controllers: [SentimentController],
      });
      apps.push(app);
      expect(workers()).toHaveLength(isolation === 'process' ? 1 : 0);
      const { runner } = app.get(SentimentController);
      expect([runner.kind, runner.ready]).toEqual(['text', true]);
      const [, , probs] = await runner.predict.run('I really liked that movie!');
      await Promise.all(apps.splice(0).map((closing) => closing.close()));
      return [...(probs.data as Float32Array)];
    };
    expect(await predict('process')).toEqual(await predict('thread'));
    expect(workers()).toEqual([]);
  });

  /** Calls without end, while one worker after the other is killed in mid-run. */
  async function killUnderLoad<T>(
    runner: RunnerHandle,
    call: () => Promise<T>,
    times: number,
  ): Promise<void> {
    const limit = { timeout: 30_000 };
    const expected = await call();
    const outcomes = { right: 0, died: 0 };
    let stop = false;
    const caller = async (): Promise<void> => {
      while (!stop) {
        try {
          expect(await call()).toEqual(expected);
          outcomes.right++;
        } catch (error) {
          expect(error).toBeInstanceOf(WorkerDiedError);
          outcomes.died++;
        }
      }
    };
    const callers = Promise.all(Array.from({ length: 8 }, caller));
    let before = 0;
    for (let kills = 0; kills < times; kills++) {
      await expect.poll(() => runner.stats.ready, limit).toBe(2);
      const served = outcomes.right;
      await expect.poll(() => outcomes.right, limit).toBeGreaterThan(served + 4);
      if (kills === Math.floor(times / 3)) before = process.memoryUsage().rss;
      process.kill(workers()[kills % 2] as number, 'SIGKILL');
      await expect.poll(() => runner.stats.restarts, limit).toBe(kills + 1);
    }
    stop = true;
    await callers;
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * MB);
    // Each of them ran a call, but for those that were just between two.
    expect(outcomes.died).toBeLessThanOrEqual(times);
    expect(outcomes.died).toBeGreaterThan(0);
    expect(runner.stats).toMatchObject({ failed: outcomes.died, queued: 0, running: 0 });
    await expect.poll(() => runner.stats.ready, limit).toBe(2);
    expect(workers()).toHaveLength(2);
  }

  it('lose nothing but the call of one that is killed', { timeout: 120_000 }, async () => {
    const options = { isolation: 'process', workers: 2, threads: 1 } as const;
    const app = await startApp({
      imports: [VtsModule.forRoot({ home: MODELS_HOME, runners: { fastai_sentiment: options } })],
      controllers: [SentimentController],
    });
    apps.push(app);
    const { runner } = app.get(SentimentController);
    const text = 'I really liked that movie! '.repeat(40);
    await killUnderLoad(runner, async () => (await runner.predict.run(text))[0], 3);
  });

  it('may be killed many times', { timeout: 120_000 }, async () => {
    const runner = await toolsIn({ workers: 2 });
    await killUnderLoad(runner, () => runner.spin.run(3), 15);
  });

  it('serve fifteen of sixteen calls that share runs with one that kills its process', async () => {
    const app = await startApp({
      imports: [
        VtsModule.forRoot({
          runnables: [Tools],
          runners: { tools: { isolation: 'process', workers: 1 } },
        }),
      ],
      controllers: [UpperController],
    });
    apps.push(app);
    const client = await HttpClient.of(app);
    const texts = Array.from({ length: 16 }, (_, i) => (i === 5 ? 'die' : `text ${i}`));
    const answers = await Promise.all(
      texts.map((text) => client.json('/upper', JSON.stringify(text))),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      texts.map((text) => (text === 'die' ? 503 : 200)),
    );
    expect(answers.map(({ json }) => json).filter(Array.isArray)).toEqual(
      texts.filter((text) => text !== 'die').map((text) => [text.toUpperCase()]),
    );
    expect(await client.json('/upper', '"again"')).toMatchObject({ json: ['AGAIN'] });
  });

  it.each(['die', 'exit', 'crash'] as const)('are started again: %s', async (how) => {
    const runner = await toolsIn({ workers: 1 });
    const { pid } = await runner.where.run();
    const killed = runner[how].run(how === 'exit' ? (3 as never) : (undefined as never));
    const waiting = runner.where.run();
    await expect(killed).rejects.toThrow(WorkerDiedError);
    await expect(killed).rejects.toThrow(
      { die: 'killed by SIGKILL', exit: 'ended with code 3', crash: 'nobody catches this' }[how],
    );
    expect(runner.ready).toBe(false);
    expect((await waiting).pid).not.toBe(pid);
    expect(runner.ready).toBe(true);
    expect(runner.stats).toMatchObject({ restarts: 1, failed: 1, completed: 2 });
  });

  it('are not ready while they are dead', async () => {
    const runner = await toolsIn({ workers: 1 });
    const client = await HttpClient.of(apps[0] as INestApplication);
    process.kill((await runner.where.run()).pid, 'SIGKILL');
    await expect.poll(async () => (await client.get('/readyz')).status).toBe(503);
    await expect
      .poll(async () => (await client.get('/readyz')).status, { timeout: 20_000 })
      .toBe(200);
  });

  it('are replaced when an abandoned call does not end', async () => {
    const runner = await toolsIn({ workers: 1, stuckMs: 100 });
    const { pid } = await runner.where.run();
    const stuck = runner.spin.run(1e9, { timeoutMs: 100 });
    const waiting = runner.where.run();
    await expect(stuck).rejects.toThrow(RunTimeoutError);
    expect((await waiting).pid).not.toBe(pid);
    expect(isAlive(pid)).toBe(false);
  });

  /** Starts an application with two workers; resolves with its port and theirs. */
  async function startParent(
    env: NodeJS.ProcessEnv = {},
    node: readonly string[] = [],
  ): Promise<{ port: number; pids: number[]; errors: () => string }> {
    parent = spawn(process.execPath, [...node, APP], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let errors = '';
    parent.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const lines = createInterface({ input: parent.stdout as NodeJS.ReadableStream });
    const [line] = (await once(lines, 'line')) as [string];
    const pids = childrenOf(parent.pid as number);
    expect(pids).toHaveLength(2);
    return { port: Number(line.replace('listening ', '')), pids, errors: () => errors };
  }

  it.each(['idle', 'busy'])('end when their parent is killed: %s', async (how) => {
    const { pids } = await startParent(how === 'busy' ? { SPIN: '1' } : {});
    if (how === 'busy') await delay(200);
    parent?.kill('SIGKILL');
    await expect.poll(() => pids.filter(isAlive), { timeout: 20_000 }).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'answer the calls in progress when all receive %s',
    async (signal) => {
      const { port, pids } = await startParent();
      const answers = Promise.all(
        [600, 601, 602].map(async (ms) => {
          const response = await fetch(`http://localhost:${port}/sleep`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: String(ms),
          });
          return [response.status, await response.json()];
        }),
      );
      await delay(300);
      const exit = once(parent as ChildProcess, 'exit');
      // A terminal sends it to the group, a service manager to each.
      process.kill(-(parent?.pid as number), signal);
      for (const pid of pids) process.kill(pid, signal);
      expect(await answers).toEqual([600, 601, 602].map((ms) => [200, ms]));
      expect(await exit).toEqual([0, null]);
      expect(pids.filter(isAlive)).toEqual([]);
    },
  );

  it('leave the inspector to their parent', async () => {
    const { errors } = await startParent({ NODE_OPTIONS: '--inspect-port=0' }, ['--inspect=0']);
    expect(errors().match(/listening on/g)).toHaveLength(1);
    expect(errors()).not.toContain('failed');
  });
});
