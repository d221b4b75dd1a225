import { gzipSync, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { pickleBytes, text } from '../../../../test/fixtures/torch/archive.js';
import {
  CorruptArchiveError,
  CorruptPickleError,
  LimitExceededError,
  NotATorchFileError,
  PyDict,
  readTorchFile,
  Tensor,
  TruncatedFileError,
} from '../index.js';
import { NdArray } from '../numpy.js';

const le = (value: number, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);

/** What `torch.save(storage, file, _use_new_zipfile_serialization=False)` writes. */
function storageFile(values: readonly number[], device = 'cpu'): Uint8Array {
  const magic = pickleBytes('\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.');
  const version = pickleBytes('\x80\x02M\xe9\x03.');
  const system = pickleBytes('\x80\x02}', text('little_endian'), '\x88s.');
  const id = pickleBytes(
    '\x80\x02(',
    text('storage'),
    'ctorch\nFloatStorage\n',
    text('0'),
    text(device),
    'K',
    le(values.length, 1),
    'tQ.',
  );
  const keys = pickleBytes('\x80\x02](', text('0'), 'e.');
  const data = new Uint8Array(new Float32Array(values).buffer);
  return Buffer.concat([magic, version, system, id, keys, le(values.length, 8), data]);
}

/** `torch._utils._rebuild_tensor_v2(torch.storage._load_from_bytes(bytes), …)`. */
function tensorOf(file: Uint8Array, size: number): Uint8Array {
  return pickleBytes(
    '\x80\x03ctorch._utils\n_rebuild_tensor_v2\n(ctorch.storage\n_load_from_bytes\nB',
    le(file.length, 4),
    file,
    '\x85RK\0K',
    le(size, 1),
    '\x85K\x01\x85\x89}tR.',
  );
}

/** joblib's record of an array, and its elements behind it. */
function joblibArray(
  elements: Uint8Array,
  { shape = 'K\x02K\x02\x86', order = 'C', aligned = false, name = 'NumpyArrayWrapper' } = {},
): Uint8Array {
  return pickleBytes(
    `\x80\x04cjoblib.numpy_pickle\n${name}\n)\x81}(`,
    text('subclass'),
    'cnumpy\nndarray\n',
    text('shape'),
    shape,
    text('order'),
    text(order),
    text('dtype'),
    'cnumpy\ndtype\n',
    text('f4'),
    '\x85R',
    ...(aligned ? [text('numpy_array_alignment_bytes'), 'K\x10'] : []),
    'ub',
    ...(aligned ? ['\x03\xff\xff\xff'] : []),
    elements,
    '.',
  );
}

const four = new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer);

describe('pickles that torch did not write', () => {
  it('are read, with their storages', () => {
    for (const device of ['cpu', 'cuda:0', 'mps']) {
      const file = readTorchFile(tensorOf(storageFile([1, 2, 3], device), 3));
      expect(file.format).toBe('pickle');
      expect((file.root as Tensor).toNumbers()).toEqual([1, 2, 3]);
      // Those of the storages' own pickles as well.
      expect(file.globals.map(({ qualifiedName }) => qualifiedName)).toEqual([
        'torch._utils._rebuild_tensor_v2',
        'torch.storage._load_from_bytes',
        'torch.FloatStorage',
      ]);
    }
    expect(readTorchFile(pickleBytes('\x80\x04}', text('a'), text('b'), 's.')).root).toEqual(
      PyDict.from([['a', 'b']]),
    );
  });

  it.each([
    ['zlib', deflateSync],
    ['gzip', gzipSync],
  ])('are read if joblib compressed them with %s', (_, compress) => {
    const { root } = readTorchFile(compress(tensorOf(storageFile([5]), 1)));
    expect((root as Tensor).toNumbers()).toEqual([5]);
  });

  it("have joblib's arrays after their records", () => {
    const items = (bytes: Uint8Array) => (readTorchFile(bytes).root as NdArray).items();
    expect(items(joblibArray(four))).toEqual([1, 2, 3, 4]);
    expect(items(joblibArray(four, { aligned: true }))).toEqual([1, 2, 3, 4]);
    expect(items(joblibArray(four, { order: 'F' }))).toEqual([1, 3, 2, 4]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['bz2', pickleBytes('BZh91AY&SY'), /compressed with bz2.*joblib\.load/],
    ['xz', pickleBytes('\xfd7zXZ\x00\x00'), /compressed with xz/],
    ['lzma', pickleBytes('\x5d\0\0\x80\0'), /compressed with lzma/],
    ['lz4', pickleBytes('\x04"M\x18d@'), /compressed with lz4/],
    ['gzip of a text', gzipSync('hello'), /compressed with gzip/],
  ])('are refused with the name of their compression: %s', (_, bytes, message) => {
    expect(() => readTorchFile(bytes)).toThrow(NotATorchFileError);
    expect(() => readTorchFile(bytes)).toThrow(message);
  });

  it('end in an error if they are hostile', () => {
    const half = tensorOf(storageFile([1, 2, 3]), 3).subarray(0, 60);
    expect(() => readTorchFile(half)).toThrow(TruncatedFileError);
    const notAStorage = pickleBytes('\x80\x02N.');
    expect(() => readTorchFile(tensorOf(notAStorage, 1))).toThrow(/not a torch zip|storage/);
    // A file of a storage may not hold another one.
    const nested = tensorOf(storageFile([1]), 1);
    expect(() => readTorchFile(tensorOf(nested, 1))).toThrow();
    expect(() =>
      readTorchFile(joblibArray(four, { shape: 'J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86' })),
    ).toThrow(TruncatedFileError);
    expect(() => readTorchFile(joblibArray(four, { shape: 'J\xff\xff\xff\xffK\x01\x86' }))).toThrow(
      CorruptPickleError,
    );
    expect(() => readTorchFile(joblibArray(four, { name: 'NDArrayWrapper' }))).toThrow(
      /in other files/,
    );
  });

  it('do not grow beyond the limits', () => {
    const zeros = Buffer.concat([
      pickleBytes('\x80\x04B', le(2 ** 20, 4)),
      Buffer.alloc(2 ** 20),
      Buffer.from('.'),
    ]);
    const small = deflateSync(zeros);
    expect(
      (readTorchFile(small, { limits: { maxInflateRatio: 1100 } }).root as Uint8Array).length,
    ).toBe(2 ** 20);
    for (const limits of [
      { maxPickleBytes: 1000 },
      { maxInflatedBytes: 1000 },
      { maxInflateRatio: 2 },
    ]) {
      expect(() => readTorchFile(small, { limits })).toThrow(LimitExceededError);
    }
    expect(() => readTorchFile(zeros, { limits: { maxPickleBytes: 1000 } })).toThrow(
      LimitExceededError,
    );
    const cut = small.subarray(0, small.length - 20);
    expect(() => readTorchFile(cut, { limits: { maxInflateRatio: 1100 } })).toThrow(
      CorruptArchiveError,
    );
  });
});
