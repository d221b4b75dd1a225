import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import { createRunnersWith, type Model } from '../../serving/store/model.js';
import { ModelStore } from '../../serving/store/index.js';
import { runner } from '../../../test/helpers/served-runners.js';
import { Runner } from '../decorators/runner.decorator.js';
import { RunnerRegistry } from '../injection/runner.registry.js';
import { VtsModule } from '../vts.module.js';
import { RepositoryRequestError } from './errors.js';
import { RegistryRunners } from './served-runners.js';

class Injecting {
  constructor(@Runner('a') readonly a: unknown) {}
}

let home: string;
let app: INestApplication;
let served: RegistryRunners;
const closed: string[] = [];

/** A runner that does nothing; a model whose name begins with "bad" cannot be opened. */
function handleOf(model: Model): RunnerHandle {
  const tag = String(model.tag);
  const handle = runner(tag, new Map(), async () => void closed.push(tag));
  const open = async (): Promise<void> => {
    if (tag.startsWith('bad')) throw new RepositoryRequestError(tag, 'be opened', 'It is bad.');
  };
  return { ...handle, open };
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-served-'));
  const store = new ModelStore(home);
  for (const tag of ['a:v1', 'a:v2', 'b:v9', 'b:v1', 'c:v1', 'bad:v1']) {
    await store.create(tag, { module: 'test' } as never, (folder) =>
      writeFile(join(folder, 'model.txt'), tag),
    );
  }
  createRunnersWith(handleOf);
  const openInference = { models: ['b:v1', 'b:v9', 'a:v1'], repository: true };
  @Module({ imports: [VtsModule.forRoot({ home, openInference })], providers: [Injecting] })
  class Root {}
  app = await NestFactory.create(Root, { logger: false, abortOnError: false });
  await app.init();
  served = app.get(RegistryRunners, { strict: false });
});

afterAll(async () => {
  await app?.close();
  await rm(home, { recursive: true });
});

const list = (): string[] =>
  served.list().map(({ name, version, latest }) => `${name} ${version}${latest ? ' latest' : ''}`);

describe('the runners that are served', () => {
  it('are the injected ones and those in the options, with several versions of a name', () => {
    // Without a tag for it, the latest is what was saved last: b:v1.
    expect(list().sort()).toEqual(['a v1', 'a v2 latest', 'b v1 latest', 'b v9']);
    expect(app.get(RunnerRegistry, { strict: false }).ready).toBe(true);
  });

  it('change when clients load and unload models', async () => {
    const repository = served.repository!;
    const ready = async (): Promise<string[]> =>
      (await repository.index())
        .filter(({ state }) => state === 'READY')
        .map(({ name, version }) => `${name}:${version}`)
        .sort();
    expect(await ready()).toEqual(['a:v1', 'a:v2', 'b:v1', 'b:v9']);
    expect(await repository.index()).toContainEqual({
      name: 'c',
      version: 'v1',
      state: 'UNAVAILABLE',
      reason: 'unloaded',
    });
    await Promise.all([repository.load('c'), repository.load('c')]);
    expect(list()).toContain('c v1 latest');
    await repository.unload('c');
    expect(list()).not.toContain('c v1 latest');
    expect(closed).toEqual(['c:v1']);
    await repository.unload('b:v9');
    expect(await ready()).toEqual(['a:v1', 'a:v2', 'b:v1']);
  });

  it.each([
    ['none', 'load'],
    ['bad', 'load'],
    ['../etc', 'load'],
    [' ', 'load'],
    ['__proto__', 'load'],
    ['c', 'unload'],
    ['a', 'unload'],
    ['../etc', 'unload'],
  ] as const)('refuse "%s" for %s', async (name, action) => {
    await expect(served.repository![action](name)).rejects.toThrow(RepositoryRequestError);
    expect(list()).toContain('a v2 latest');
    expect(app.get(RunnerRegistry, { strict: false }).ready).toBe(true);
  });
});
