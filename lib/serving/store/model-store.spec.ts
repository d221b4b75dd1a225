import { existsSync } from 'node:fs';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  AmbiguousVersionError,
  CorruptModelError,
  InvalidModelInfoError,
  InvalidTagError,
  ModelExistsError,
  ModelNotFoundError,
  ModelPathError,
  NoRunnerError,
  PinnedModelError,
  StoreWriteError,
} from './errors.js';
import type { CreateModelOptions } from './model-store-options.js';
import { ModelStore } from './model-store.js';
import type { Model } from './model.js';

const bentomlHome = fileURLToPath(
  new URL('../../../test/fixtures/store/bentoml_home', import.meta.url),
);

let home: string;
let store: ModelStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-store-'));
  store = new ModelStore(home);
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

function save(tag: string, options: CreateModelOptions = {}): Promise<Model> {
  return store.create(tag, options, (folder) => writeFile(join(folder, 'weights.bin'), tag));
}

const latest = (name: string): Promise<string> =>
  readFile(join(store.path, name, 'latest'), 'utf8');
const tags = async (filter?: Parameters<ModelStore['list']>[0]): Promise<string[]> =>
  (await store.list(filter)).map(String);

/** Every path of the store, with the contents of files. */
async function snapshot(folder = home): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path, entry.isFile() ? await readFile(path, 'utf8') : ''] as const;
  });
  return Object.fromEntries(await Promise.all(files));
}

describe('a store of BentoML', () => {
  it('is listed and read, but not written', async () => {
    await cp(bentomlHome, home, { recursive: true });
    await rm(join(store.path, 'my_pytorch_model', 'latest'));
    const before = await snapshot();

    expect(await tags()).toEqual([
      'fastai_sentiment:badg6khg4swh4ax4',
      'my_pytorch_model:bae63exg4swh4ax4',
    ]);
    const model = await store.get('fastai_sentiment:latest');
    expect(model.tag.toString()).toBe('fastai_sentiment:badg6khg4swh4ax4');
    expect(model.path).toBe(join(store.path, 'fastai_sentiment', 'badg6khg4swh4ax4'));
    expect(model.info.signatures['predict']?.batchable).toBe(false);
    expect(String((await store.get('my_pytorch_model')).tag)).toMatch(/bae63exg4swh4ax4/);
    expect(await snapshot()).toEqual(before);
  });
});

describe('get', () => {
  it('finds exact versions, beginnings of one, and the newest', async () => {
    await save('m:v1');
    await save('m:v10');
    await save('m:w2');
    const found = async (tag: string): Promise<string> => String(await store.get(tag));
    expect(await found('m:v1')).toBe('m:v1');
    expect(await found('m:w')).toBe('m:w2');
    expect(await found('m')).toBe('m:w2');
    expect(await found('m:latest')).toBe('m:w2');
    await expect(found('m:v')).rejects.toThrow(AmbiguousVersionError);
    await expect(found('m:v')).rejects.toThrow('v1, v10');
  });

  it('lists what exists if it finds none', async () => {
    await save('m:v1');
    await save('other:v1');
    await expect(store.get('m:v2')).rejects.toThrow(ModelNotFoundError);
    await expect(store.get('m:v2')).rejects.toThrow('which has m:v1. ');
    await expect(store.get('nope')).rejects.toThrow('which has m:v1, other:v1');
    await expect(new ModelStore(join(home, 'empty')).get('m')).rejects.toThrow('has no models');
    expect(existsSync(join(home, 'empty'))).toBe(false);
  });

  it.each(['gone', '', '../../outside', 'latest'])(
    'takes the newest if the pointer contains %j',
    async (pointer) => {
      await save('m:b');
      await save('m:a');
      await writeFile(join(store.path, 'm', 'latest'), pointer);
      expect(String(await store.get('m'))).toBe('m:a');
    },
  );

  it('follows a pointer that was set back, and ignores white space in it', async () => {
    await save('m:v1');
    await save('m:v2');
    await writeFile(join(store.path, 'm', 'latest'), 'v1\n');
    expect(String(await store.get('m'))).toBe('m:v1');
  });

  it('distinguishes a corrupt model from a missing one, and lists the others', async () => {
    await save('m:good');
    const bad = await save('m:bad');
    const half = join(store.path, 'm', 'half');
    await mkdir(half);
    await writeFile(join(bad.path, 'model.yaml'), 'name: [');
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

    await expect(store.get('m:bad')).rejects.toThrow(CorruptModelError);
    await expect(store.get('m:half')).rejects.toThrow('it has no model.yaml');
    expect(await tags()).toEqual(['m:good']);
    expect(warning).toHaveBeenCalledTimes(2);
  });

  it('reads linked folders, and skips folders that are not models', async () => {
    const { path } = await save('m:v1');
    await rename(path, join(home, 'elsewhere'));
    await symlink(join(home, 'elsewhere'), path);
    await mkdir(join(store.path, 'lost+found'));
    await mkdir(join(store.path, '.cache'));
    await writeFile(join(store.path, 'm', 'notes.txt'), '');
    expect(await tags()).toEqual(['m:v1']);
    expect(String(await store.get('m:v1'))).toBe('m:v1');
  });

  it('calls a copied folder by its own name', async () => {
    const { path } = await save('m:v1');
    await cp(path, join(store.path, 'm', 'copy'), { recursive: true });
    expect(String(await store.get('m:copy'))).toBe('m:copy');
  });
});

describe('list', () => {
  it('lists names in order, newest first, filtered by name and labels', async () => {
    await save('b:1', { labels: { team: 'nlp', stage: 'dev' } });
    await save('a:1', { labels: { team: 'nlp', stage: 'prod' } });
    await save('b:2', { labels: { team: 'vision' } });
    expect(await tags()).toEqual(['a:1', 'b:2', 'b:1']);
    expect(await tags('b')).toEqual(['b:2', 'b:1']);
    expect(await tags({ labels: { team: 'nlp' } })).toEqual(['a:1', 'b:1']);
    expect(await tags({ name: 'b', labels: { team: 'nlp', stage: 'dev' } })).toEqual(['b:1']);
    expect(await tags('none')).toEqual([]);
    await expect(store.list('no name')).rejects.toThrow(InvalidTagError);
  });
});

describe('create', () => {
  it('saves files and model.yaml under a new version, and points to it', async () => {
    const model = await save('m', { module: 'bentoml.fastai', metadata: { a: 1 } });
    expect(model.tag.version).toMatch(/^[a-z2-7]{16}$/);
    expect(model.path).toBe(join(store.path, 'm', model.tag.version ?? ''));
    expect(await readFile(model.pathOf('weights.bin'), 'utf8')).toBe('m');
    expect(await latest('m')).toBe(model.tag.version);
    expect(await readdir(join(home, 'tmp'))).toEqual([]);

    const again = await store.get('m');
    expect(again.info).toEqual(model.info);
    expect(again.info.context.nodeVersion).toBe(process.versions.node);
    expect(again.info.context.vtsVersion).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('makes versions that sort by time', async () => {
    const made: string[] = [];
    for (let index = 0; index < 10; index++) made.push((await save('m')).tag.version ?? '');
    expect(made.toSorted()).toEqual(made);
    expect(await tags('m')).toEqual(made.toReversed().map((version) => `m:${version}`));
    expect(await latest('m')).toBe(made.at(-1));
  });

  it('keeps a newer latest', async () => {
    const model = await save('m:future');
    const yaml = await readFile(model.pathOf('model.yaml'), 'utf8');
    await writeFile(
      model.pathOf('model.yaml'),
      yaml.replace(/creation_time: '\d{4}/, "creation_time: '2190"),
    );
    await save('m:now');
    expect(await latest('m')).toBe('future');
  });

  it('refuses a version called latest, an existing one, and wrong facts, before any work', async () => {
    const fill = vi.fn();
    await expect(store.create('m:latest', {}, fill)).rejects.toThrow(InvalidTagError);
    await expect(store.create('m:LATEST', {}, fill)).rejects.toThrow('a version cannot be called');
    await expect(store.create('m:a:b', {}, fill)).rejects.toThrow(InvalidTagError);
    await expect(store.create('m', { labels: { a: 1 as never } }, fill)).rejects.toThrow(
      InvalidModelInfoError,
    );
    expect(existsSync(store.path)).toBe(false);
    await save('m:v1');
    await expect(store.create('m:v1', {}, fill)).rejects.toThrow(ModelExistsError);
    expect(fill).not.toHaveBeenCalled();
  });

  it('leaves the store as it was when filling fails', async () => {
    await save('m:v1');
    const before = await snapshot();
    const failure = new Error('no learner');
    const saving = store.create('m', {}, async (folder) => {
      await writeFile(join(folder, 'half'), 'x');
      throw failure;
    });
    await expect(saving).rejects.toBe(failure);
    expect(await snapshot()).toEqual(before);
  });

  it('does not show a model before it is complete', async () => {
    await store.create('m', {}, async (folder) => {
      await writeFile(join(folder, 'half'), 'x');
      expect(await store.list()).toEqual([]);
      await expect(store.get('m')).rejects.toThrow(ModelNotFoundError);
      expect(existsSync(join(store.path, 'm'))).toBe(false);
    });
    expect(await tags()).toHaveLength(1);
  });

  it('loses nothing when many save and delete the same name at once', async () => {
    const saved = await Promise.all(Array.from({ length: 20 }, () => save('m')));
    expect(new Set(saved.map(String)).size).toBe(20);
    expect(await latest('m')).toBe((await store.list('m'))[0]?.tag.version);
    await Promise.all([...saved.map(({ tag }) => store.delete(tag)), save('m:x'), save('m:y')]);
    expect((await tags('m')).toSorted()).toEqual(['m:x', 'm:y']);
    expect(await latest('m')).toBe((await store.list('m'))[0]?.tag.version);
    expect(await readdir(join(home, 'tmp'))).toEqual([]);
  });

  it('lets one of two writers win the same explicit version', async () => {
    const results = await Promise.allSettled([save('m:v1'), save('m:v1'), save('m:v1')]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(ModelExistsError);
    }
  });

  it('removes leftovers of killed processes after a day, and nothing else', async () => {
    const tmp = join(home, 'tmp');
    await mkdir(join(tmp, 'vts-model-old'), { recursive: true });
    await mkdir(join(tmp, 'vts-model-new'));
    await mkdir(join(tmp, 'vts-model-busy'));
    await mkdir(join(tmp, 'bentoml-model-x'));
    await writeFile(join(tmp, 'vts-model-busy', 'growing'), '');
    const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
    for (const name of ['vts-model-old', 'vts-model-busy', 'bentoml-model-x']) {
      await utimes(join(tmp, name), yesterday, yesterday);
    }
    await save('m');
    expect((await readdir(tmp)).toSorted()).toEqual([
      'bentoml-model-x',
      'vts-model-busy',
      'vts-model-new',
    ]);
  });

  it.each(['ENOSPC', 'EDQUOT'])('names the store when the disk is full (%s)', async (code) => {
    await save('m:v1');
    const before = await snapshot();
    const full = Object.assign(new Error(`${code}: no space left on device, write`), { code });
    const saving = store.create('m', {}, () => Promise.reject(full));
    await expect(saving).rejects.toThrow(StoreWriteError);
    await expect(saving).rejects.toThrow(code);
    expect(await snapshot()).toEqual(before);
  });

  it('names the store when its home is a file', async () => {
    await writeFile(join(home, 'file'), '');
    const broken = new ModelStore(join(home, 'file'));
    await expect(broken.create('m', {}, () => undefined)).rejects.toThrow(StoreWriteError);
    expect(await broken.list()).toEqual([]);
  });

  it('takes the version away again when latest cannot be written', async () => {
    await mkdir(join(store.path, 'm', 'latest'), { recursive: true });
    await expect(save('m:v1')).rejects.toThrow();
    expect(await tags('m')).toEqual([]);
    expect(await readdir(join(home, 'tmp'))).toEqual([]);
  });
});

describe('delete', () => {
  it('removes a version and points to the newest remaining one', async () => {
    await save('m:v1');
    await save('m:v2');
    await save('m:v3');
    expect((await store.delete('m:latest')).map(String)).toEqual(['m:v3']);
    expect(await latest('m')).toBe('v2');
    await store.delete('m:v1');
    expect(await latest('m')).toBe('v2');
    expect(await tags()).toEqual(['m:v2']);
  });

  it('removes the folder of a name with its last version', async () => {
    await save('m:v1');
    await store.delete('m:v1');
    expect(await readdir(store.path)).toEqual([]);
  });

  it('removes all versions of a bare name', async () => {
    await save('m:v1');
    await save('m:v2');
    await save('n:v1');
    expect((await store.delete('m')).map(String)).toEqual(['m:v1', 'm:v2']);
    expect(await tags()).toEqual(['n:v1']);
  });

  it('requires full versions, and refuses missing ones', async () => {
    await save('m:v1');
    for (const tag of ['m:v', 'm:v2', 'n', 'n:latest']) {
      await expect(store.delete(tag)).rejects.toThrow(ModelNotFoundError);
    }
    expect(await tags()).toEqual(['m:v1']);
  });
});

describe('a bundle that pins a model', () => {
  async function pin(holder: string, file: string, models: string): Promise<void> {
    const folder = join(home, holder);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, file), `name: app\nmodels:\n${models}`);
  }

  it('prevents its deletion, and that of all models in the same command', async () => {
    await save('m:v1');
    await save('m:v2');
    await pin('bundles/app/b1', 'bundle.yaml', '- tag: m:v2\n');
    await pin('bentos/svc/b2', 'bento.yaml', '- m:v2\n');
    for (const tag of ['m:v2', 'm:latest', 'm']) {
      await expect(store.delete(tag)).rejects.toThrow(PinnedModelError);
    }
    await expect(store.delete('m')).rejects.toThrow('bundle app:b1, bento svc:b2');
    expect(await tags('m')).toEqual(['m:v2', 'm:v1']);
    expect((await store.delete('m:v1')).map(String)).toEqual(['m:v1']);
    expect((await store.delete('m:v2', { force: true })).map(String)).toEqual(['m:v2']);
  });

  it('is ignored if it cannot be read', async () => {
    await save('m:v1');
    await pin('bundles/app/b1', 'bundle.yaml', '- [\n');
    await writeFile(join(home, 'bundles', 'app', 'latest'), 'b1');
    expect(await store.delete('m:v1')).toHaveLength(1);
  });
});

describe('a writer that was killed before it wrote latest', () => {
  it('leaves a note that readers follow, until somebody sets latest', async () => {
    await save('m:v1');
    const { path } = await save('m:v2');
    const pointer = join(store.path, 'm', 'latest');
    await writeFile(pointer, 'v1');
    await writeFile(join(home, 'tmp', 'vts-latest-m@v2@-0'), '');
    expect(String(await store.get('m'))).toBe('m:v1');

    // As if v2 had come after that.
    await rename(path, join(home, 'aside'));
    await rename(join(home, 'aside'), path);
    expect(String(await store.get('m'))).toBe('m:v2');
    expect(await latest('m')).toBe('v1');
    await save('n:v1');
    expect(await latest('m')).toBe('v2');
    expect(await readdir(join(home, 'tmp'))).toEqual([]);
  });
});

describe('the newest version', () => {
  it('never goes back while new versions arrive', async () => {
    const seen: number[] = [0];
    let saving = true;
    const read = async (): Promise<void> => {
      while (saving) {
        const found = await store.get('m').catch(() => undefined);
        if (found) seen.push(Number(found.tag.version?.slice(1)));
      }
    };
    const reading = read();
    for (let number = 1; number <= 25; number++) await save(`m:v${number}`);
    saving = false;
    await reading;
    expect(seen.length).toBeGreaterThan(25);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });
});

describe('watch', () => {
  const settled = async (condition: () => boolean): Promise<void> => {
    for (let wait = 0; wait < 500 && !condition(); wait++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(condition()).toBe(true);
  };

  it('reports every newest version once, and failures', async () => {
    const { tag } = await save('m:v1');
    const seen: string[] = [];
    const failures: string[] = [];
    const watcher = store.watch(
      'm',
      (model) => {
        seen.push(String(model));
        if (String(model) === 'm:v2') throw new Error('cannot be loaded');
      },
      { known: tag, intervalMs: 5, onError: ({ message }) => failures.push(message) },
    );
    await save('m:v2');
    await settled(() => seen.length === 1 && failures.length > 0);
    await save('m:v3');
    await settled(() => seen.length === 2);
    await store.delete('m');
    await settled(() => failures.length === 2);
    await watcher.close();
    await save('m:v4');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(seen).toEqual(['m:v2', 'm:v3']);
    expect(failures[0]).toBe('cannot be loaded');
    expect(failures[1]).toContain('is not in the store');
  });

  it('works only for newest versions', () => {
    expect(() => store.watch('m:v1', () => undefined)).toThrow(InvalidTagError);
  });
});

describe('Model', () => {
  it('gives paths inside its folder only', async () => {
    const model = await save('m:v1');
    expect(model.pathOf('a/b.bin')).toBe(join(model.path, 'a', 'b.bin'));
    expect(model.pathOf('a/../b')).toBe(join(model.path, 'b'));
    expect(model.pathOf('..data')).toBe(join(model.path, '..data'));
    for (const file of ['..', '../x', 'a/../../x', '/etc/passwd']) {
      expect(() => model.pathOf(file)).toThrow(ModelPathError);
    }
  });

  it('has no runner without a framework', async () => {
    const model = await save('m:v1');
    expect(() => model.toRunner()).toThrow(NoRunnerError);
  });
});

describe('the home', () => {
  it('comes from the environment, or is in the user’s folder', () => {
    vi.stubEnv('VTS_HOME', home);
    expect(new ModelStore().home).toBe(home);
    vi.stubEnv('HOME', home);
    vi.stubEnv('USERPROFILE', home);
    vi.stubEnv('VTS_HOME', '~/models');
    expect(new ModelStore().home).toBe(join(home, 'models'));
    vi.stubEnv('VTS_HOME', '');
    expect(new ModelStore().home).toBe(join(home, 'vtsserving'));
  });
});
