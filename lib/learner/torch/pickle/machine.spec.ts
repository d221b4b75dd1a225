import { describe, expect, it } from 'vitest';
import {
  CorruptPickleError,
  LimitExceededError,
  TruncatedFileError,
  UnsupportedPickleError,
} from '../errors.js';
import { DEFAULT_LIMITS, type ReadLimits } from '../limits.js';
import { PyDict, PyGlobal, PyObject, PySet, PyTuple, type PyValue } from '../python.js';
import { rebuilders } from '../rebuild/rebuilders.js';
import { int, pickleBytes, text } from '../../../../test/fixtures/torch/archive.js';
import { Cursor } from './cursor.js';
import { PickleMachine } from './machine.js';

function run(pickle: string | Uint8Array, limits: Partial<ReadLimits> = {}): PyValue {
  const cursor = new Cursor('test.pkl', pickleBytes(pickle));
  return new PickleMachine(cursor, { limits: { ...DEFAULT_LIMITS, ...limits }, rebuilders }).run();
}

describe('numbers and texts of protocol 0', () => {
  it.each<[string, PyValue]>([
    ['I42\n.', 42],
    ['I-7\n.', -7],
    ['I01\n.', true],
    ['I00\n.', false],
    ['I1\n.', 1],
    ['L12345678901234567890L\n.', 12345678901234567890n],
    ['L-5L\n.', -5],
    ['L5\n.', 5],
    ['F1.5\n.', 1.5],
    ['Finf\n.', Infinity],
    ['F-inf\n.', -Infinity],
    ['Fnan\n.', NaN],
    ['F1e-07\n.', 1e-7],
    ['Vplain\n.', 'plain'],
    ['V\\u65e5\\U0001f600 \xe9\n.', '日😀 é'],
    ['V\\\\u0041\n.', '\\\\u0041'],
    ['V\\\\\\u0041\n.', '\\\\A'],
    ["S'it\\'s \\x41\\n\\101'\n.", "it's A\nA"],
    ['S"double"\n.', 'double'],
    ["S'\\xff'\n.", new Uint8Array([255])],
    ["S'\\xc3\\xa9'\n.", 'é'],
  ])('reads %j', (pickle, value) => {
    expect(run(pickle)).toEqual(value);
  });

  it.each([
    'I1.5\n.',
    'Ix\n.',
    'F0x10\n.',
    'F\n.',
    'V\\u00\n.',
    "S'a\n.",
    'Sa\n.',
    "S'\\xg0'\n.",
    `L${'9'.repeat(5000)}L\n.`,
  ])('refuses %.12j', (pickle) => expect(() => run(pickle)).toThrow(CorruptPickleError));
});

describe('binary opcodes', () => {
  it.each<[string, PyValue]>([
    ['\x8a\x00.', 0],
    ['\x8a\x01\xff.', -1],
    ['\x8a\x06\xff\xff\xff\xff\xff\x7f.', 2 ** 47 - 1],
    ['\x8a\x06\x00\x00\x00\x00\x00\x80.', -(2 ** 47)],
    ['\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.', 2n ** 63n - 1n],
    ['\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.', -(2n ** 63n)],
    ['\x8b\x02\x00\x00\x00\x00\x01.', 256],
    ['G?\xf8\x00\x00\x00\x00\x00\x00.', 1.5],
    ['\x8c\x03\xed\xa0\x80.', '\ud800'],
    ['\x8c\x03\xef\xbf\xbd.', '\ufffd'],
    ['U\x02\xff\xfe.', new Uint8Array([255, 254])],
    ['T\x02\x00\x00\x00hi.', 'hi'],
    ['(K\x01K\x021K\x03.', 3],
    ['K\x01K\x020.', 1],
    ['K\x01(0.', 1],
    ['K\x0720K\x05.', 5],
  ])('reads %j', (pickle, value) => {
    expect(run(pickle)).toEqual(value);
  });

  it('builds containers from marks', () => {
    expect(run('(K\x01K\x02l.')).toEqual([1, 2]);
    expect([...(run('(K\x01K\x02t.') as PyTuple)]).toEqual([1, 2]);
    expect([...(run('(K\x01K\x02d.') as PyDict)]).toEqual([[1, 2]]);
    expect((run('\x8f(K\x01K\x02\x90.') as PySet).items).toEqual([1, 2]);
    expect((run('(K\x01\x91.') as PySet).items).toEqual([1]);
  });

  it('builds a list that contains itself', () => {
    const list = run(']q\x00h\x00a.') as PyValue[];
    expect(list[0]).toBe(list);
  });

  it('counts MEMOIZE after PUT', () => {
    expect(run('K\x01q\x05K\x02\x94K\x03\x94h\x01.')).toBe(2);
  });

  it.each<[string, RegExp]>([
    ['\xff.', /0xff is not an opcode/],
    ['.', /stack is empty/],
    ['0.', /mark is missing/],
    ['t.', /mark is missing/],
    ['K\x01(.', /stack is empty/],
    ['K\x01(\x85.', /stack is empty/],
    ['h\x05.', /the memo has no entry 5/],
    ['p-1\nN.', /negative|memo/],
    ['K\x01K\x02a.', /not a list/],
    [')K\x02a.', /not a list/],
    [']K\x01K\x02s.', /not a dict/],
    ['}(K\x01u.', /a key has no value/],
    ['](K\x01\x90.', /not a set/],
    ['K\x01K\x02R.', /arguments are not a tuple/],
    ['K\x01K\x02\x93.', /name of a global is not a text/],
    ['T\xff\xff\xff\xff.', /length is negative/],
    ['\x8b\x00\x10\x01\x00.', /an integer has 69632 bytes/],
    ['\x8c\x01\xff.', /not UTF-8/],
    ['\x8c\x02\xc0\x80.', /not UTF-8/],
    ['\x8c\x04\xf5\x80\x80\x80.', /not UTF-8/],
    ['\x8c\x03\xe2\x28\xa1.', /not UTF-8/],
  ])('refuses %j', (pickle, message) => {
    expect(() => run(pickle)).toThrow(CorruptPickleError);
    expect(() => run(pickle)).toThrow(message);
  });

  it.each([
    '',
    'K',
    'X\xff\xff\xff\x7fa',
    '\x95\x10\x00\x00\x00\x00\x00\x00\x00N.',
    'Iab',
    'cos\n',
    '\x8e\xff\xff\xff\xff\xff\xff\xff\xff.',
    'N',
  ])('says that %j is cut off', (pickle) => expect(() => run(pickle)).toThrow(TruncatedFileError));

  it('refuses references outside the file', () => {
    for (const pickle of [
      '\x80\x06N.',
      '\x82\x01.',
      '\x83\x01\x00.',
      '\x84\x01\x00\x00\x00.',
      '\x97.',
      'N\x98.',
      'Pid\n.',
      'K\x01Q.',
    ]) {
      expect(() => run(pickle)).toThrow(UnsupportedPickleError);
    }
    expect(() => run('\x97.')).toThrow(/out-of-band buffers/);
    expect(() => run('\x82\x01.')).toThrow(/extension registry/);
  });
});

describe('calls', () => {
  it('records every way of calling', () => {
    for (const pickle of [
      'cm\nC\nK\x01\x85R.',
      'cm\nC\nK\x01\x85\x81.',
      '(K\x01im\nC\n.',
      '(cm\nC\nK\x01o.',
      'cm\nC\nK\x01\x85}\x92.',
      '\x8c\x01m\x8c\x01C\x93K\x01\x85R.',
    ]) {
      const record = run(pickle) as PyObject;
      expect(record).toBeInstanceOf(PyObject);
      expect([record.className, record.args]).toEqual(['m.C', [1]]);
    }
    const named = run(pickleBytes('cm\nC\n)}', text('k'), 'K\x05s\x92.')) as PyObject;
    expect(named.kwargs.get('k')).toBe(5);
  });

  it('sees through copyreg', () => {
    expect((run('ccopy_reg\n__newobj__\ncm\nC\nK\x01\x86R.') as PyObject).className).toBe('m.C');
    expect(run('ccopy_reg\n__newobj__\nccollections\nOrderedDict\n\x85R.')).toBeInstanceOf(PyDict);
    const record = run(
      'ccopy_reg\n_reconstructor\ncm\nC\nc__builtin__\nobject\nN\x87R.',
    ) as PyObject;
    expect([record.className, record.args]).toEqual(['m.C', []]);
  });

  it('translates the names of Python 2 in protocols 0 to 2 only', () => {
    expect(run('c__builtin__\nunicode\n.')).toEqual(new PyGlobal('builtins', 'str'));
    expect(run('\x80\x02c__builtin__\nreduce\n.')).toEqual(new PyGlobal('functools', 'reduce'));
    expect(run('\x80\x03c__builtin__\nunicode\n.')).toEqual(new PyGlobal('__builtin__', 'unicode'));
  });

  it('accepts state that comes late or twice', () => {
    // The object is in a list, and referred to again, before its state is built.
    const [first, second] = run(
      pickleBytes(']cm\nC\n)\x81q\x00ah\x00}', text('a'), 'K\x01sbah\x00}', text('b'), 'K\x02sb0.'),
    ) as PyObject[];
    expect(first).toBe(second);
    expect([...first!.attrs]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('keeps state that is not a dictionary, and takes attributes from pairs', () => {
    expect((run('cm\nC\n)\x81K\x05b.') as PyObject).state).toBe(5);
    const slots = run(pickleBytes('cm\nC\n)\x81N}', text('s'), 'K\x01s\x86b.')) as PyObject;
    expect(slots.attr('s')).toBe(1);
    expect(slots.state).toBeInstanceOf(PyTuple);
  });

  it('fills rebuilt objects whose state comes after they were referred to', () => {
    const list = run(
      pickleBytes('cfastcore.foundation\nL\n)\x81q\x00}', text('items'), ']q\x01(K\x01h\x00esb.'),
    ) as PyValue[];
    expect(list[0]).toBe(1);
    expect(list[1]).toBe(list);
  });

  it('leaves calls with unexpected arguments as records', () => {
    for (const pickle of [
      pickleBytes('cre\n_compile\n', text('a'), text('b'), '\x86R.'),
      'c__builtin__\nset\nK\x01\x85R.',
      pickleBytes('c_codecs\nencode\n', text('ä'), text('ascii'), '\x86R.'),
      'ctorch._utils\n_rebuild_tensor_v2\nK\x01K\x02\x86R.',
      'cpathlib\nPosixPath\nK\x01\x85R.',
      'cnumpy\ndtype\nK\x01\x85R.',
    ]) {
      expect(run(pickle)).toBeInstanceOf(PyObject);
    }
  });
});

describe('limits', () => {
  it('stops at each of them', () => {
    expect(() => run('NNN.', { maxOperations: 2 })).toThrow(LimitExceededError);
    expect(() => run('NNN.', { maxStack: 2 })).toThrow(LimitExceededError);
    expect(() => run('(((N.', { maxStack: 2 })).toThrow(LimitExceededError);
    expect(() => run('Nr\xff\xff\xff\xff.')).toThrow(/raise `limits\.maxMemo`/);
  });

  it('does not allow a few bytes to copy many', () => {
    // One text of 1000 characters, encoded again and again.
    const again = 'c_codecs\nencode\nh\x01R0'.repeat(50);
    const long = text('x'.repeat(1000));
    const pickle = pickleBytes(long, text('latin1'), '\x86q\x010', again, 'N.');
    expect(run(pickle)).toBeNull();
    expect(() => run(pickle, { maxRebuilt: 20_000 })).toThrow(/raise `limits\.maxRebuilt`/);
  });

  it('reads 200 000 levels of nesting', () => {
    const depth = 200_000;
    let list = run(`${']'.repeat(depth)}${'a'.repeat(depth - 1)}.`) as PyValue[];
    let levels = 1;
    while (list.length > 0) {
      list = list[0] as PyValue[];
      levels++;
    }
    expect(levels).toBe(depth);
    expect(run(`}${')'}${'\x85'.repeat(depth)}K\x01s.`)).toBeInstanceOf(PyDict);
    expect(run(`cm\nf\n${')R\x85cm\nf\n0'.repeat(3)}0N.`)).toBeNull();
  });

  it('reads a "billion laughs" file with little memory', () => {
    const doubling = Array.from({ length: 60 }, () => 'q\x000h\x00h\x00\x86').join('');
    const dict = run(`}q\x01K\x01\x85${doubling}q\x020h\x01h\x02K\x05s.`) as PyDict;
    expect(dict.size).toBe(1);
    expect(dict.get(dict.keys()[0]!)).toBe(5);
  });
});

describe('keys', () => {
  it('compares tuples and frozensets by value, and never with texts that look like keys', () => {
    const dict = new PyDict();
    dict.set(PyTuple.of_([1, PyTuple.of_(['a'])]), 'tuple');
    dict.set(new PySet([2, 1]), 'set');
    expect(dict.get(PyTuple.of_([1, PyTuple.of_(['a'])]))).toBe('tuple');
    expect(dict.get(PyTuple.of_([1, PyTuple.of_(['b'])]))).toBeUndefined();
    expect(dict.get(new PySet([1, 2]))).toBe('set');
    expect(dict.get('\0tuple:8:number:1')).toBeUndefined();
    dict.set(PyTuple.of_([1]), 'one');
    expect(dict.get('\0tuple:8:number:1')).toBeUndefined();
    expect(dict.get(PyTuple.of_(['1']))).toBeUndefined();
    expect(dict.get(PyTuple.of_([true]))).toBe('one');
  });

  it('reads integers of any size', () => {
    expect(run(int(-5).length ? pickleBytes(int(-5), '.') : '')).toBe(-5);
  });
});
