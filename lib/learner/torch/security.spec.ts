import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VtsError } from '../errors/index.js';
import {
  asDict,
  asItems,
  DataFrame,
  Index,
  Module,
  ModuleTreeError,
  NdArray,
  PyDict,
  PyGlobal,
  PyObject,
  PyPartial,
  PySet,
  readTorchFile,
  Series,
  Tensor,
  type PyValue,
} from './index.js';
import {
  floatStorage,
  floatTensor,
  makeTorchFile,
  pickleBytes,
  text,
} from '../../../test/fixtures/torch/archive.js';

const FIXTURES = new URL('../../../test/fixtures/torch/', import.meta.url);
/** What the pickles of the fixtures would write to, if anything ran them. */
const MARKER = 'EVIL_MARKER';

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, FIXTURES)));
}

describe('pickles that would run code', () => {
  let folder: string;
  let marker: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'evil-'));
    marker = join(folder, 'marker');
    process.env[MARKER] = marker;
  });

  afterEach(() => {
    delete process.env[MARKER];
    rmSync(folder, { recursive: true });
  });

  it.each(['evil-0.pt', 'evil-2.pt', 'evil-4.pt', 'evil-5.pt'])('%s stays data', (name) => {
    const file = readTorchFile(fixture(name));
    const root = file.root as PyDict;
    expect(root.keys()).toEqual([
      'system',
      'eval',
      'exec',
      'popen',
      'nested',
      'getattr',
      'partial',
      'map',
    ]);
    for (const value of root.values()) expect([PyObject, PyPartial]).toContain(value!.constructor);
    expect((root.get('system') as PyObject).className).toMatch(/^(posix|nt|os)\.system$/);
    // The nested pickle stays bytes.
    expect((root.get('nested') as PyObject).args[0]).toBeInstanceOf(Uint8Array);
    const names = file.globals.map((g) => g.qualifiedName);
    expect(names).toContain('builtins.exec');
    expect(names).toContain('subprocess.getoutput');
    expect(existsSync(marker)).toBe(false);
  });

  it.each(['evil-inst.pt', 'evil-obj.pt', 'evil-build.pt', 'evil-torch.pt'])(
    '%s stays data',
    (name) => {
      expect(readTorchFile(fixture(name)).root).toBeTypeOf('object');
      expect(existsSync(marker)).toBe(false);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'would leave the marker in Python, so that its absence is a proof',
    () => {
      // What os.system in the fixture runs.
      const root = readTorchFile(fixture('evil-2.pt')).root as PyDict;
      const [command] = (root.get('system') as PyObject).args;
      execFileSync('/bin/sh', ['-c', String(command)]);
      expect(existsSync(marker)).toBe(true);
    },
  );
});

describe('names with a meaning in JavaScript', () => {
  const NAMES = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '__defineGetter__',
  ];
  const before = Object.getOwnPropertyNames(Object.prototype);

  it('are keys, attributes, classes and columns like any other', () => {
    const entries = NAMES.flatMap((name) => [text(name), '}', text('polluted'), 'K\x01s']);
    const pickle = pickleBytes(
      '\x80\x02](}(',
      ...entries,
      'u',
      'cm\nC\n)\x81}(',
      ...entries,
      'ub',
      'c__proto__\nconstructor\n)R',
      'ccollections\nOrderedDict\n)R(',
      ...entries,
      'u',
      'cm\nC\n)\x81(',
      ...entries,
      'ue.',
    );
    const [dict, object, call, ordered, child] = readTorchFile(makeTorchFile(pickle)).root as [
      PyDict,
      PyObject,
      PyObject,
      PyDict,
      PyObject,
    ];
    expect(dict.keys()).toEqual(NAMES);
    expect([...object.attrs.keys()]).toEqual(NAMES);
    expect(call.className).toBe('__proto__.constructor');
    expect(ordered.size).toBe(NAMES.length);
    expect(asDict(child)!.size).toBe(NAMES.length);
    expect(dict.get('toString')).toBeInstanceOf(PyDict);
    expect(new PyDict().get('toString')).toBeUndefined();
    expect(object.attr('isPrototypeOf')).toBeUndefined();
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

function moduleOf(children: readonly [string, PyValue][]): PyObject {
  const record = new PyObject(new PyGlobal('m', 'M'));
  record.attrs.set('_modules', PyDict.from(children));
  return record;
}

describe('trees without end', () => {
  it('refuses modules that are nested too deeply, contain themselves, or multiply', () => {
    let deep = moduleOf([]);
    for (let i = 0; i < 200_000; i++) deep = moduleOf([['child', deep]]);
    expect(() => Module.from(deep)).toThrow(ModuleTreeError);

    const cycle = moduleOf([]);
    (cycle.attr('_modules') as PyDict).set('self', cycle);
    expect(() => Module.from(cycle)).toThrow(/contains itself/);

    let laughs = moduleOf([]);
    for (let i = 0; i < 60; i++)
      laughs = moduleOf([
        ['a', laughs],
        ['b', laughs],
      ]);
    expect(() => Module.from(laughs)).toThrow(/more than 50000 modules/);
  });

  it('allows a module in two places', () => {
    const shared = moduleOf([]);
    const root = Module.from(
      moduleOf([
        ['a', shared],
        ['b', shared],
      ]),
    )!;
    expect(root.child('a')!.record).toBe(root.child('b')!.record);
    expect(root.child('b')!.path).toBe('b');
  });

  it('refuses an index inside an index inside an index', () => {
    let index: Index = new Index('Index', null, PyDict.from([['data', []]]));
    for (let i = 0; i < 100_000; i++)
      index = new Index('Index', null, PyDict.from([['data', index]]));
    expect(() => index.values).toThrow(/nested endlessly/);
  });

  it('refuses a range of more entries than memory has', () => {
    const range = PyDict.from([
      ['start', 0],
      ['stop', 2 ** 50],
      ['step', 1],
    ]);
    expect(() => new Index('RangeIndex', null, range).values).toThrow(/entries|elements/);
  });

  it('names callables that consist of callables', () => {
    let callable: PyValue = new PyGlobal('m', 'f');
    for (let i = 0; i < 100_000; i++)
      callable = new PyObject(new PyGlobal('builtins', 'getattr'), [callable, 'x']);
    expect(new PyObject(callable).className.length).toBeLessThan(100);
  });
});

/** Uses all that a consumer might, without following cycles. */
function touch(root: PyValue): void {
  const seen = new Set<PyValue>();
  const pending: PyValue[] = [root];
  for (let steps = 0; pending.length > 0 && steps < 5000; steps++) {
    const value = pending.pop()!;
    if (seen.has(value)) continue;
    seen.add(value);
    const items = value instanceof Tensor ? (value.toTyped(), undefined) : asItems(value);
    if (items) pending.push(...items.slice(0, 200));
    if (value instanceof PyDict) for (const entry of value) pending.push(...entry);
    if (value instanceof PySet) pending.push(...value.items);
    if (value instanceof NdArray) void value.dtype.name;
    if (value instanceof DataFrame)
      for (const name of value.columns) void [value.column(name), value.dtype(name)];
    if (value instanceof Series) void [value.dtype, value.index.values];
    if (value instanceof PyObject) {
      void value.className;
      Module.from(value);
      pending.push(...value.args, ...value.attrs.values(), ...value.entries.values());
    }
  }
}

/** Reads and uses a file: either works, or fails with an error of this package. */
function readOrRefuse(bytes: Uint8Array): void {
  try {
    touch(readTorchFile(bytes, { limits: { maxOperations: 200_000 } }).root);
  } catch (error) {
    if (!(error instanceof VtsError)) throw error;
    expect(error.message).toMatch(/\.$/);
  }
}

function flipped(bytes: Uint8Array, flips: readonly (readonly [number, number])[]): Uint8Array {
  const copy = new Uint8Array(bytes);
  for (const [at, value] of flips) copy[at % copy.length] = value;
  return copy;
}

const changes = fc.array(fc.tuple(fc.nat(1_000_000), fc.integer({ min: 0, max: 255 })), {
  minLength: 1,
  maxLength: 6,
});

describe('damaged files', () => {
  it.each([
    'tensors-protocol4.pt',
    'module.pt',
    'legacy-views.pt',
    'module-legacy.pt',
    'pandas-3.1-5.pt',
  ])('%s is read or refused, whatever bytes are changed or missing', (name) => {
    const whole = fixture(name);
    fc.assert(
      fc.property(changes, fc.nat(whole.length), fc.boolean(), (flips, length, cut) => {
        readOrRefuse(flipped(cut ? whole.subarray(0, length) : whole, flips));
      }),
      { numRuns: 300 },
    );
  });

  it('also holds for pickles in valid archives', () => {
    const storage = new Uint8Array(64);
    const tensor = pickleBytes(
      '\x80\x02}(',
      text('a'),
      floatTensor(floatStorage('0', 16), 2, 3, 4),
      text('b'),
      floatTensor(floatStorage('0', 16), 0, 16, 1),
      text('c'),
      'cfastcore.foundation\nL\n)\x81}',
      text('items'),
      '](K\x01K\x02esb',
      text('d'),
      '(K\x01\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00F1.5\nVx\nltq\x01',
      text('e'),
      'h\x01u.',
    );
    readOrRefuse(makeTorchFile(tensor, { '0': storage }));
    fc.assert(
      fc.property(changes, (flips) =>
        readOrRefuse(makeTorchFile(flipped(tensor, flips), { '0': storage })),
      ),
      { numRuns: 1500 },
    );
  });

  it.each([
    'numpy-2.pt',
    'numpy-5.pt',
    'pandas-3.0-arrow-2.pt',
    'pandas-1.5-arrow-5.pt',
    'values-0.pt',
    'cloudpickle-5.pt',
  ])('also holds for the pickle of %s in a valid archive', (name) => {
    const pickle = pickleIn(fixture(name)).subarray(0, 20_000);
    fc.assert(
      fc.property(changes, (flips) => readOrRefuse(makeTorchFile(flipped(pickle, flips)))),
      { numRuns: 200 },
    );
  });
});

/** The pickle of a fixture, whose archive has it first. */
function pickleIn(archive: Uint8Array): Uint8Array {
  const view = new DataView(archive.buffer, archive.byteOffset);
  const start = 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const packed = archive.subarray(start, start + view.getUint32(18, true));
  return view.getUint16(8, true) === 8 ? new Uint8Array(inflateRawSync(packed)) : packed;
}
