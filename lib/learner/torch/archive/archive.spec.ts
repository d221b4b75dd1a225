import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VtsError } from '../../errors/index.js';
import {
  ByteOrderError,
  CorruptArchiveError,
  CorruptEntryError,
  LimitExceededError,
  NotATorchFileError,
  PyDict,
  readTorchFile,
  TarFileError,
  Tensor,
  TorchScriptFileError,
  TruncatedFileError,
  UnreadableFileError,
  type PyValue,
} from '../index.js';
import {
  floatStorage,
  floatTensor,
  makeTorchFile,
  makeZip,
  pickleBytes,
  text,
} from '../../../../test/fixtures/torch/archive.js';

const FIXTURES = new URL('../../../../test/fixtures/torch/', import.meta.url);
const NONE = pickleBytes('\x80\x02N.');
const floats = new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer);

function fixture(name: string): Uint8Array {
  return readFileSync(new URL(name, FIXTURES));
}

function rootOf(bytes: Uint8Array): PyValue {
  return readTorchFile(bytes).root;
}

function oneTensor(offset: number, size: number, stride: number, count = 4): Uint8Array {
  const pickle = pickleBytes(
    '\x80\x02',
    floatTensor(floatStorage('0', count), offset, size, stride),
    '.',
  );
  return makeTorchFile(pickle, { '0': floats });
}

describe('files of other kinds', () => {
  it.each<[string, Uint8Array | string, RegExp]>([
    ['nothing', '', /it is empty/],
    [
      'text',
      'hello, world, this is some text',
      /not a torch zip archive, a torch stream or a pickle/,
    ],
    ['a page', '<!DOCTYPE html><html>', /HTML page/],
    ['a pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:1', /git lfs pull/],
    ['gzip', pickleBytes('\x1f\x8b\x08\x00'), /gzip/],
    [
      'another zip',
      makeZip([{ name: 'word/document.xml', content: '<a/>' }]),
      /without a data\.pkl/,
    ],
  ])('names %s', (_, content, message) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    expect(() => readTorchFile(bytes)).toThrow(NotATorchFileError);
    expect(() => readTorchFile(bytes)).toThrow(message);
  });

  it('refuses TorchScript, tar and missing files', () => {
    expect(() => readTorchFile(fixture('scripted.pt'))).toThrow(TorchScriptFileError);
    const tar = new Uint8Array(512);
    tar.set(Buffer.from('ustar'), 257);
    expect(() => readTorchFile(tar)).toThrow(TarFileError);
    expect(() => readTorchFile('/nowhere/export.pkl')).toThrow(UnreadableFileError);
    expect(() => readTorchFile('/nowhere/export.pkl')).toThrow(/the file does not exist/);
    expect(() => readTorchFile(tmpdir())).toThrow(/the path is a directory/);
  });

  it('refuses numbers in the other byte order', () => {
    const zip = makeZip([
      { name: 'a/data.pkl', content: NONE },
      { name: 'a/byteorder', content: 'big' },
    ]);
    expect(() => readTorchFile(zip)).toThrow(ByteOrderError);
  });
});

describe('zip archives', () => {
  it('reads well-formed archives, also deflated ones and those with 64-bit sizes', () => {
    for (const options of [{}, { deflate: true }, { zip64: true }]) {
      expect(rootOf(makeZip([{ name: 'a/data.pkl', content: NONE, ...options }]))).toBeNull();
    }
  });

  it('accepts any name of the folder', () => {
    expect(rootOf(makeZip([{ name: 'ünï code/data.pkl', content: NONE }]))).toBeNull();
  });

  it('checks the CRC of the pickle at once, and that of a storage on use', () => {
    const badPickle = makeZip([{ name: 'a/data.pkl', content: NONE, crc: 1 }]);
    expect(() => readTorchFile(badPickle)).toThrow(CorruptEntryError);
    const pickle = pickleBytes('\x80\x02', floatTensor(floatStorage('0', 4), 0, 4, 1), '.');
    const badStorage = makeZip([
      { name: 'a/data.pkl', content: pickle },
      { name: 'a/data/0', content: floats, crc: 1 },
    ]);
    const tensor = rootOf(badStorage) as Tensor;
    expect(() => tensor.toFloat32()).toThrow(CorruptEntryError);
    expect(() => tensor.toFloat32()).toThrow(/"a\/data\/0" of "<buffer>" is damaged/);
  });

  it('reads a whole storage in pieces, and checks its CRC after the last one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vts-spec-'));
    try {
      const values = Float32Array.from({ length: 200_000 }, (_, i) => i);
      const content = new Uint8Array(values.buffer);
      const pickle = pickleBytes(
        '\x80\x02',
        floatTensor(floatStorage('0', values.length), 0, values.length, 1),
        '.',
      );
      const write = (name: string, crc?: number): string => {
        const path = join(folder, name);
        const storage = { name: 'a/data/0', content, ...(crc !== undefined && { crc }) };
        writeFileSync(path, makeZip([{ name: 'a/data.pkl', content: pickle }, storage]));
        return path;
      };
      const read = (path: string): Uint8Array[] => {
        const file = readTorchFile(path);
        const pieces: Uint8Array[] = [];
        try {
          for (const piece of (file.root as Tensor).pieces()) pieces.push(piece.slice());
        } finally {
          file.close();
        }
        return pieces;
      };
      const pieces = read(write('whole'));
      expect(pieces.length).toBeGreaterThan(1);
      expect(Buffer.concat(pieces).equals(content)).toBe(true);
      expect(() => read(write('damaged', 1))).toThrow(CorruptEntryError);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('reads two storages in pieces at the same time', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vts-spec-'));
    try {
      const contents = [1, 2].map((value) => new Uint8Array(600_000).fill(value));
      const storage = (key: string) => floatStorage(key, 150_000);
      const pickle = pickleBytes(
        '\x80\x02',
        floatTensor(storage('0'), 0, 150_000, 1),
        floatTensor(storage('1'), 0, 150_000, 1),
        '\x86.',
      );
      const path = join(folder, 'two');
      writeFileSync(path, makeTorchFile(pickle, { '0': contents[0]!, '1': contents[1]! }));
      const file = readTorchFile(path);
      const [first, second] = (file.root as Tensor[]).map((tensor) => tensor.pieces());
      const others = second![Symbol.iterator]();
      for (const piece of first!) {
        const other = others.next().value as Uint8Array;
        expect(piece.every((byte) => byte === 1)).toBe(true);
        expect(other.every((byte) => byte === 2)).toBe(true);
      }
      file.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('finds a single changed byte', () => {
    const bytes = oneTensor(0, 4, 1);
    const at = Buffer.from(bytes).indexOf(Buffer.from(floats));
    bytes[at + 2]! ^= 1;
    expect(() => (rootOf(bytes) as Tensor).toTyped()).toThrow(CorruptEntryError);
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'duplicate names',
      makeZip([
        { name: 'a/data.pkl', content: NONE },
        { name: 'a/data.pkl', content: NONE },
      ]),
      /two entries named "a\/data\.pkl"/,
    ],
    [
      'shared bytes',
      makeZip([
        { name: 'a/data.pkl', content: NONE },
        { name: 'a/datb.pkl', content: NONE, sameBytesAs: 0 },
      ]),
      /share bytes/,
    ],
    [
      'two pickles',
      makeZip([
        { name: 'a/data.pkl', content: NONE },
        { name: 'b/data.pkl', content: NONE },
      ]),
      /2 files named data\.pkl/,
    ],
    [
      'encryption',
      makeZip([{ name: 'a/data.pkl', content: NONE, flags: 1 }]),
      /encrypted|size mismatch/,
    ],
    [
      'other compression',
      makeZip([{ name: 'a/data.pkl', content: NONE, method: 12 }]),
      /method 12/,
    ],
    [
      'names that climb',
      makeZip([{ name: '../data.pkl', content: NONE }]),
      /invalid relative path/,
    ],
    [
      'a wrong inflated size',
      makeZip([{ name: 'a/data.pkl', content: NONE, deflate: true, size: 3 }]),
      /does not inflate to the 3 bytes/,
    ],
    [
      'a missing storage',
      makeTorchFile(pickleBytes('\x80\x02', floatTensor(floatStorage('7', 4), 0, 4, 1), '.')),
      /storage "7" is missing/,
    ],
    ['a storage that is too small', oneTensor(0, 4, 1, 5), /has 16 bytes, but its tensors need 20/],
    [
      'an id of no storage',
      makeTorchFile(pickleBytes('\x80\x02K\x01Q.')),
      /does not refer to a storage/,
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readTorchFile(bytes)).toThrow(CorruptArchiveError);
    expect(() => readTorchFile(bytes)).toThrow(message);
  });

  it('refuses bombs and files beyond its limits', () => {
    const bomb = makeZip([
      { name: 'a/data.pkl', content: Buffer.alloc(10_000_000), deflate: true },
    ]);
    expect(() => readTorchFile(bomb)).toThrow(LimitExceededError);
    const large = makeZip([{ name: 'a/data.pkl', content: Buffer.alloc(1000, 'N') }]);
    expect(() => readTorchFile(large, { limits: { maxPickleBytes: 999 } })).toThrow(
      /raise `limits\.maxPickleBytes`/,
    );
    expect(() => readTorchFile(large, { limits: { maxEntries: 0 } })).toThrow(LimitExceededError);
    const deflated = makeZip([{ name: 'a/data.pkl', content: 'N'.repeat(100), deflate: true }]);
    expect(() => readTorchFile(deflated, { limits: { maxInflatedBytes: 99 } })).toThrow(
      LimitExceededError,
    );
  });
});

describe('truncated files', () => {
  it.each(['module.pt', 'tensors-protocol4.pt', 'legacy-views.pt'])(
    'reports the end wherever %s is cut off',
    (name) => {
      const whole = fixture(name);
      for (let length = 1; length < whole.length; length += 13) {
        expect(() => readTorchFile(whole.subarray(0, length))).toThrow(VtsError);
      }
      for (const length of [whole.length - 1, Math.floor(whole.length / 2)]) {
        expect(() => readTorchFile(whole.subarray(0, length))).toThrow(TruncatedFileError);
      }
    },
  );

  it('closes the file it opened', () => {
    const folder = mkdtempSync(join(tmpdir(), 'torch-'));
    try {
      const path = join(folder, 'cut.pkl');
      writeFileSync(path, fixture('module.pt').subarray(0, 2000));
      const before = openFiles();
      expect(() => readTorchFile(path)).toThrow(/"[^"]*cut\.pkl" is cut off/);
      expect(openFiles()).toBe(before);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Descriptors of this process, where the system lists them. */
function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

describe('legacy streams', () => {
  it('refuses a storage with a count that does not fit its tensors', () => {
    const bytes = new Uint8Array(fixture('legacy-views.pt'));
    const at = bytes.length - 6 * 4 - 8;
    bytes[at] = 5;
    expect(() => readTorchFile(bytes)).toThrow(/has 5 elements of 4 bytes, but needs 24 bytes/);
  });

  it('reads pickles that are longer than the first window', () => {
    // A text of 17 MiB before the tensors.
    const filler = 'x'.repeat(17 * 2 ** 20);
    const whole = Buffer.from(fixture('legacy-views.pt'));
    const start = whole.indexOf(Buffer.from('\x80\x02}q\x00(X\x05\x00\x00\x00whole', 'latin1'));
    expect(start).toBeGreaterThan(0);
    const prefix = pickleBytes('\x80\x02', text(filler), '0');
    const longer = Buffer.concat([whole.subarray(0, start), prefix, whole.subarray(start + 2)]);
    const root = rootOf(new Uint8Array(longer)) as PyDict;
    expect((root.get('view') as Tensor).toNumbers()).toEqual([2, 3, 4]);
  });
});
