import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ModelStore } from 'nestjs-vts';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

const writer = fileURLToPath(new URL('./fixtures/store/killed-writer.mjs', import.meta.url));
const root = fileURLToPath(new URL('../', import.meta.url));
const PHASES = ['before', 'during', 'after'] as const;

/**
 * Stores that one process writes to at once: as many writers die with it, each at a moment of its
 * own.
 */
const WRITERS = 3;
/** Processes that are at work at the same time. */
const LANES = 2;
const SIZE = 5000;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let folder: string;
/** The store's code as one file, which a process loads in a moment. */
let module: string;
let killed = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-kill-'));
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: false,
      rollupOptions: {
        input: { store: join(root, 'dist/lib/serving/index.js') },
        output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
        preserveEntrySignatures: 'strict',
      },
    },
    ssr: { noExternal: true },
  });
  module = pathToFileURL(join(folder, 'store.mjs')).href;
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  expect(killed).toBeGreaterThanOrEqual(200);
});

afterEach(() => vi.useRealTimers());

function save(store: ModelStore, tag: string, value = 0): Promise<unknown> {
  return store.create(tag, {}, async (target) => {
    await writeFile(join(target, 'a.bin'), Buffer.alloc(SIZE, value));
    await writeFile(join(target, 'b.bin'), Buffer.alloc(SIZE, value));
  });
}

/** How many calls the process has made, when it was not killed. */
async function write(
  action: string,
  at: number,
  phase: string,
  archive: string,
  stores: readonly ModelStore[],
): Promise<number | undefined> {
  const homes = stores.map(({ home }) => home);
  const args = [writer, module, action, String(at), phase, archive, ...homes];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal === null) return Number(said);
  expect(signal).toBe('SIGKILL');
  killed += homes.length;
  return undefined;
}

/**
 * Kills writers at moments that are spread over all that an action does.
 *
 * @param prepare Brings a store to where the action begins.
 * @param verify Looks at a store after the death of its writer.
 */
async function killEverywhere(
  action: string,
  moments: number,
  prepare: (store: ModelStore) => Promise<unknown>,
  verify: (store: ModelStore) => Promise<unknown>,
  archive = '',
): Promise<ModelStore[]> {
  const lane = async (number: number): Promise<ModelStore[]> => {
    const stores = Array.from({ length: WRITERS }, (_, i) => {
      return new ModelStore(join(folder, `${action}-${number}-${i}`));
    });
    await Promise.all(stores.map(prepare));
    const calls = (await write(action, 0, '', archive, stores)) ?? 0;
    for (const phase of PHASES) {
      for (let moment = number; moment < moments; moment += LANES) {
        await Promise.all(stores.map(prepare));
        const at = 1 + Math.floor((moment * calls) / moments);
        expect(await write(action, at, phase, archive, stores)).toBeUndefined();
        await Promise.all(stores.map(verify));
      }
    }
    return stores;
  };
  return (await Promise.all(Array.from({ length: LANES }, (_, i) => lane(i)))).flat();
}

/** Every model is whole, `latest` is the newest, and nothing else is there. */
async function expectSound(store: ModelStore): Promise<void> {
  const models = await store.list();
  for (const model of models) {
    for (const file of ['a.bin', 'b.bin']) {
      expect((await readFile(model.pathOf(file))).length).toBe(SIZE);
    }
  }
  const [newest] = models.filter(({ tag }) => tag.name === 'm');
  if (newest) expect(String(await store.get('m'))).toBe(String(newest));
  const versions = models.filter(({ tag }) => tag.name === 'm').map(({ tag }) => tag.version);
  const entries = await readdir(join(store.path, 'm')).catch(() => []);
  expect(entries.filter((entry) => entry !== 'latest').toSorted()).toEqual(versions.toSorted());
}

/** What the next writer finds so much later: writers of then are dead for sure. */
async function writeLater(stores: readonly ModelStore[], ms: number): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
  for (const store of stores) await save(store, 'other');
  vi.useRealTimers();
}

/**
 * Leftovers are cleaned up, and the pointer is right also for those who read it alone, as BentoML
 * does.
 */
async function expectClean(stores: readonly ModelStore[]): Promise<void> {
  await writeLater(stores, 2 * DAY);
  for (const store of stores) {
    expect(await readdir(join(store.home, 'tmp'))).toEqual([]);
    const [newest] = await store.list('m');
    if (newest === undefined) continue;
    const pointer = await readFile(join(store.path, 'm', 'latest'), 'utf8');
    expect(pointer).toBe(newest.tag.version);
  }
}

/** Leftovers make the calls of later writers more: the moments would move to the beginning. */
async function dropLeftovers(store: ModelStore): Promise<void> {
  const tmp = join(store.home, 'tmp');
  const entries = await readdir(tmp).catch(() => []);
  const dropped = entries.filter((entry) => /^vts-(model|trash|file)-/.test(entry)).slice(1);
  for (const entry of dropped) await rm(join(tmp, entry), { recursive: true });
}

describe('a writer that is killed at any moment', () => {
  it('leaves whole models and a pointer that is right when it saves', async () => {
    const warning = vi.spyOn(process, 'emitWarning');
    const stores = await killEverywhere('create', 13, dropLeftovers, async (store) => {
      await expectSound(store);
      const old = (await store.list('m')).slice(3);
      for (const { tag } of old) await store.delete(tag);
    });
    expect(warning).not.toHaveBeenCalled();
    await expectClean(stores);
  }, 120_000);

  it('leaves the old model or the new one when it replaces one', async () => {
    const source = new ModelStore(join(folder, 'source'));
    await save(source, 'm:v1', 2);
    const archive = await source.export('m:v1', join(folder, 'v1.tar'));
    const prepare = async (store: ModelStore): Promise<void> => {
      await dropLeftovers(store);
      if ((await store.list('m')).length === 0) await save(store, 'm:v1', 1);
    };
    const verify = async (store: ModelStore): Promise<void> => {
      if ((await store.list('m')).length === 0) await writeLater([store], 2 * MINUTE);
      await expectSound(store);
      const bytes = await readFile((await store.get('m:v1')).pathOf('a.bin'));
      expect(bytes.equals(Buffer.alloc(SIZE, bytes[0]))).toBe(true);
    };
    await expectClean(await killEverywhere('replace', 9, prepare, verify, archive));
  }, 120_000);

  it('leaves the newest that is left as latest when it deletes', async () => {
    let version = 1;
    const prepare = async (store: ModelStore): Promise<void> => {
      await dropLeftovers(store);
      while ((await store.list('m')).length < 2) await save(store, `m:v${version++}`);
    };
    await expectClean(await killEverywhere('delete', 6, prepare, expectSound));
  }, 120_000);
});
