import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ModelStore } from 'nestjs-vts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const saver = fileURLToPath(new URL('./fixtures/store/save-models.mjs', import.meta.url));
const sharedHome = fileURLToPath(new URL('fixtures/bentoml', import.meta.url));

let home: string;
let store: ModelStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-store-'));
  store = new ModelStore(home);
});

afterEach(() => rm(home, { recursive: true, force: true }));

type Writer = { child: ChildProcessByStdio<Writable, Readable, null>; tags: string[] };

/** A process that saves models as soon as its stdin says so. */
async function writer(count: number, label: string): Promise<Writer> {
  const child = spawn(process.execPath, [saver, home, 'm', String(count), label], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const tags: string[] = [];
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  lines.on('line', (line: string) => tags.push(line));
  return { child, tags };
}

describe('processes that save the same name at once', () => {
  it('lose nothing, and leave the newest as latest', async () => {
    const count = 15;
    const writers = await Promise.all(['x', 'y'].map((label) => writer(count, label)));
    const ends = writers.map(({ child }) => once(child, 'close'));
    for (const { child } of writers) child.stdin.end('go\n');
    for (const [code] of await Promise.all(ends)) expect(code).toBe(0);

    const listed = await store.list('m');
    const said = writers.flatMap(({ tags }) => tags);
    expect(listed.map(String).toSorted()).toEqual(said.toSorted());
    expect(listed).toHaveLength(2 * count);
    for (const model of listed) {
      const { writer: label, index } = model.info.labels;
      for (const part of ['a', 'b', 'c']) {
        const bytes = await readFile(model.pathOf(`${part}.bin`));
        expect(bytes.equals(Buffer.alloc(10_000, `${label}${index}`))).toBe(true);
      }
    }
    const latest = await readFile(join(store.path, 'm', 'latest'), 'utf8');
    expect(latest).toBe(listed[0]?.tag.version);
    expect(await readdir(join(home, 'tmp'))).toEqual([]);
  });

  it('leave whole models only when one is killed', async () => {
    const { child, tags } = await writer(10_000, 'z');
    const end = once(child, 'close');
    child.stdin.end('go\n');
    while (tags.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await end;

    const listed = await store.list('m');
    expect(listed.map(String)).toEqual(expect.arrayContaining(tags));
    expect(await readdir(join(store.path, 'm'))).toHaveLength(listed.length + 1);
    for (const model of listed) {
      for (const part of ['a', 'b', 'c']) {
        expect((await stat(model.pathOf(`${part}.bin`))).size).toBe(10_000);
      }
    }
    const next = await store.create('m', {}, () => undefined);
    expect(String(await store.get('m'))).toBe(String(next));
  });
});

describe('a store that BentoML wrote', () => {
  it('is listed and read unchanged', async () => {
    const shared = new ModelStore(sharedHome);
    const models = await shared.list();
    expect(models.map(({ tag, info }) => [tag.name, info.module])).toEqual([
      ['fastai_sentiment', 'bentoml.fastai'],
      ['my_pytorch_model', 'bentoml.pytorch'],
    ]);
    for (const model of models) {
      expect(String(await shared.get(model.tag.name))).toBe(String(model));
      const yaml = await readFile(model.pathOf('model.yaml'), 'utf8');
      expect(model.info.toYaml()).toBe(yaml);
    }
  });
});
