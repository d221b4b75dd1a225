import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { packTar, type TarEntry } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import {
  ArchiveEntryError,
  ArchiveExistsError,
  ArchiveFileError,
  ArchiveFormatError,
  CorruptModelArchiveError,
  CorruptModelError,
  InvalidTagError,
  ModelExistsError,
} from '../errors.js';
import { ModelStore } from '../model-store.js';
import { unpack } from './unpack.js';

const bentoml = fileURLToPath(
  new URL('../../../../test/fixtures/store/small.bentomodel', import.meta.url),
);

let folder: string;
let store: ModelStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-archive-'));
  store = new ModelStore(join(folder, 'home'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const YAML = `name: m
version: v1
module: ''
creation_time: '2026-01-02T03:04:05.678901+00:00'
`;

async function archiveOf(...entries: TarEntry[]): Promise<string> {
  const path = join(folder, 'given.tar');
  await writeFile(path, await packTar(entries));
  return path;
}

function file(name: string, body: string | Uint8Array = YAML): TarEntry {
  const bytes = Buffer.from(body);
  return { header: { name, size: bytes.length, type: 'file' }, body: bytes };
}

/** The store holds nothing, not even leftovers. */
async function expectNothing(): Promise<void> {
  expect(await store.list()).toEqual([]);
  expect(await readdir(join(store.home, 'tmp')).catch(() => [])).toEqual([]);
}

describe('export and import', () => {
  const weights = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i) % 251));

  async function save(tag: string): Promise<void> {
    await store.create(tag, { labels: { team: 'nlp' } }, async (target) => {
      await writeFile(join(target, 'weights.bin'), weights);
      await writeFile(join(target, 'empty'), '');
      await mkdir(join(target, 'a', 'b'), { recursive: true });
      await writeFile(join(target, 'a', 'b', 'größe.txt'), 'x');
    });
  }

  it.each(['m.bentomodel', 'm.tar.xz', 'm.tar', 'm.tar.gz', 'm.tgz', 'm.zip'])(
    'round trips as %s',
    async (name) => {
      await save('m:v1');
      const before = await store.get('m:v1');
      const progress: number[] = [];
      const path = await store.export('m', join(folder, name), {
        onProgress: (bytes, total) => progress.push(bytes / total),
      });
      expect(path).toBe(join(folder, name));
      expect(progress.at(-1)).toBe(1);

      const other = new ModelStore(join(folder, 'other'));
      const model = await other.import(path);
      expect(String(model)).toBe('m:v1');
      expect(model.info).toEqual(before.info);
      expect((await readFile(model.pathOf('weights.bin'))).equals(weights)).toBe(true);
      expect(await readFile(model.pathOf('empty'), 'utf8')).toBe('');
      expect(await readFile(model.pathOf('a/b/größe.txt'), 'utf8')).toBe('x');
      expect(await readFile(join(other.path, 'm', 'latest'), 'utf8')).toBe('v1');
      expect(await readdir(join(other.home, 'tmp'))).toEqual([]);
      expect((await readdir(folder)).toSorted()).toEqual([name, 'home', 'other'].toSorted());
    },
  );

  it('names the archive after the model, and adds BentoML’s extension to others', async () => {
    await save('m:v1');
    expect(await store.export('m', folder)).toBe(join(folder, 'm-v1.bentomodel'));
    expect(await store.export('m', `${folder}/`, { format: 'zip' })).toBe(join(folder, 'm-v1.zip'));
    expect(await store.export('m', join(folder, 'v1.0'))).toBe(join(folder, 'v1.0.bentomodel'));
  });

  it('overwrites a file only on request, and leaves nothing of one that fails', async () => {
    await save('m:v1');
    const path = join(folder, 'm.zip');
    await writeFile(path, 'mine');
    await expect(store.export('m', path)).rejects.toThrow(ArchiveExistsError);
    expect(await readFile(path, 'utf8')).toBe('mine');
    await store.export('m', path, { force: true });
    expect((await stat(path)).size).toBeGreaterThan(1000);
    const lost = store.export('m', join(folder, 'none', 'm.zip'));
    await expect(lost).rejects.toThrow(ArchiveFileError);
    await expect(lost).rejects.toThrow('ENOENT');
  });

  it('reads what BentoML wrote', async () => {
    const model = await store.import(bentoml);
    expect(String(model)).toBe('small:v1');
    expect(model.info.labels['team']).toBe('nlp');
    expect(model.info.metadata['note']).toBe('größer');
    expect((await readFile(model.pathOf('weights.bin'))).length).toBe(256 * 40);
    expect(await readFile(model.pathOf('parts/words.txt'), 'utf8')).toBe('one\ntwo\n');
  });

  it('refuses an existing version, and replaces it on request', async () => {
    await save('m:v1');
    const path = await store.export('m', join(folder, 'm.tar'));
    await store.delete('m:v1');
    await store.create('m:v1', {}, (target) => writeFile(join(target, 'other'), 'x'));
    await expect(store.import(path)).rejects.toThrow(ModelExistsError);
    await expect(store.import(path)).rejects.toThrow('--force');
    expect((await store.get('m:v1')).info.labels).not.toHaveProperty('team');

    await store.import(path, { force: true });
    const model = await store.get('m');
    expect(model.info.labels['team']).toBe('nlp');
    expect((await readdir(model.path)).toSorted()).toEqual(
      ['a', 'empty', 'model.yaml', 'weights.bin'].toSorted(),
    );
    expect(await readdir(join(store.home, 'tmp'))).toEqual([]);
  });

  it('keeps a newer latest', async () => {
    await save('m:new');
    await store.import(await archiveOf(file('model.yaml')));
    expect(String(await store.get('m'))).toBe('m:new');
    expect((await store.list('m')).map(String)).toEqual(['m:new', 'm:v1']);
  });
});

describe('an untrusted archive', () => {
  it.each([
    ['/etc/passwd', 'absolute'],
    ['C:/windows/x', 'absolute'],
    ['../x', '".."'],
    ['a/../../x', '".."'],
    ['a\\..\\x', 'backslash'],
    [`${'a/'.repeat(33)}x`, 'folders deep'],
  ])('is refused for the path %s', async (name, reason) => {
    const given = store.import(await archiveOf(file('model.yaml'), file(name)));
    await expect(given).rejects.toThrow(ArchiveEntryError);
    await expect(given).rejects.toThrow(reason);
    await expectNothing();
  });

  it.each(['symlink', 'link', 'fifo', 'character-device'] as const)(
    'is refused for a %s',
    async (type) => {
      const entry: TarEntry = { header: { name: 'x', size: 0, type, linkname: '/etc/passwd' } };
      const given = store.import(await archiveOf(file('model.yaml'), entry));
      await expect(given).rejects.toThrow(`it is a ${type}`);
      await expectNothing();
    },
  );

  it('is refused for a link in a zip file', async () => {
    const path = join(folder, 'given.zip');
    const zip = new ZipFile();
    zip.addBuffer(Buffer.from('/etc/passwd'), 'x', { mode: 0o120777 });
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(path));
    await expect(store.import(path)).rejects.toThrow('it is a symlink');
    await expectNothing();
  });

  it('is refused for a path in a zip file that leaves it', async () => {
    const path = join(folder, 'given.zip');
    const zip = new ZipFile();
    zip.addBuffer(Buffer.from('x'), 'aa/x');
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(path));
    const bytes = await readFile(path);
    await writeFile(
      path,
      Buffer.from(bytes.toString('latin1').replaceAll('aa/x', '../x'), 'latin1'),
    );
    await expect(store.import(path)).rejects.toThrow(CorruptModelArchiveError);
    await expectNothing();
  });

  it('is refused for two entries of one name', async () => {
    const given = store.import(await archiveOf(file('model.yaml'), file('A.bin'), file('a.bin')));
    await expect(given).rejects.toThrow('twice');
  });

  it('is refused for sizes that no model has', async () => {
    const path = await archiveOf(file('model.yaml'), file('zeros', new Uint8Array(2_000_000)));
    await expect(store.import(path, { maxBytes: 1_000_000 })).rejects.toThrow('1000000 allowed');
    await expect(store.import(path, { maxEntries: 1 })).rejects.toThrow('more than 1');
    await expectNothing();
  });

  it('is refused for too much growth, before it is written', async () => {
    const path = join(folder, 'bomb.tar.gz');
    const header = (await packTar([file('zeros', new Uint8Array(1))])).slice(0, 512);
    // A size of 8 GiB less a byte, with the checksum that belongs to it.
    header.set(Buffer.from('77777777777 '), 124);
    header.fill(32, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
    await writeFile(path, gzipSync(Buffer.concat([header, Buffer.alloc(1_000_000)])));
    await expect(store.import(path)).rejects.toThrow('8589934591 bytes');
    await expectNothing();
  });

  it('may be damaged, cut off, or no archive', async () => {
    const whole = await readFile(bentoml);
    const gz = gzipSync(await readFile(await archiveOf(file('model.yaml', 'x'.repeat(5000)))));
    const cut = join(folder, 'cut');
    for (const bytes of [whole.subarray(0, whole.length / 2), gz.subarray(0, gz.length - 20)]) {
      await writeFile(cut, bytes);
      await expect(store.import(cut)).rejects.toThrow(CorruptModelArchiveError);
    }
    const flipped = Buffer.from(whole);
    flipped[200] = (flipped[200] ?? 0) ^ 0xff;
    await writeFile(cut, flipped);
    await expect(store.import(cut)).rejects.toThrow(CorruptModelArchiveError);
    for (const text of ['', 'hello', 'BZh91AY']) {
      await writeFile(cut, text);
      await expect(store.import(cut)).rejects.toThrow(ArchiveFormatError);
    }
    await expect(store.import(join(folder, 'none'))).rejects.toThrow(ArchiveFileError);
    await expect(store.import(folder)).rejects.toThrow('EISDIR');
    await expectNothing();
  });

  it('needs a model.yaml with a version that can be one', async () => {
    await expect(store.import(await archiveOf(file('x')))).rejects.toThrow('it has no model.yaml');
    const latest = YAML.replace('version: v1', 'version: latest');
    await expect(store.import(await archiveOf(file('model.yaml', latest)))).rejects.toThrow(
      InvalidTagError,
    );
    await expect(store.import(await archiveOf(file('model.yaml', 'a: [')))).rejects.toThrow(
      CorruptModelError,
    );
    await expectNothing();
  });
});

describe('unpack', () => {
  it('writes only what the archive declares', async () => {
    const target = join(folder, 'out');
    await mkdir(target);
    await unpack(await archiveOf(file('./a/b', 'hello'), file('c', '')), target);
    expect(await readFile(join(target, 'a', 'b'), 'utf8')).toBe('hello');
    expect((await readdir(target)).toSorted()).toEqual(['a', 'c']);
  });
});
