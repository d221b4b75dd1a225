import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Evaluator } from '../evaluator.js';
import { pythonNames } from '../names.js';
import type { Value } from '../values.js';
import { SourceFiles } from './index.js';

const folder = fileURLToPath(new URL('../../../../test/fixtures/code/notebooks', import.meta.url));

function withFiles(files: SourceFiles) {
  const evaluator: Evaluator = new Evaluator({
    names: [pythonNames],
    importer: (path) => files.module(evaluator, path),
  });
  const lookup = (module: string, name: string) => files.lookup(evaluator, module, name)!;
  const call = (value: Value, ...args: Value[]) => evaluator.call(value, args);
  return { files, evaluator, lookup, call };
}

const opened = async () => withFiles(await SourceFiles.read(folder));
const given = async (...texts: { name: string; text: string }[]) =>
  withFiles(await SourceFiles.read(texts));

describe('a notebook', () => {
  it('gives a class whose methods see the names at the end of the file', async () => {
    const { evaluator, lookup, call } = await opened();
    const net = call(lookup('__main__', 'Net'), 1n);
    // (1 + 1) * 4 + 103: SIZE of the last cell that has it, and what the loop makes of OFFSET.
    expect(call(evaluator.getAttr(net, 'forward'), 1n)).toBe(111n);
  });

  it('evaluates a class body with the names above it', async () => {
    const { evaluator, lookup } = await opened();
    const net = lookup('__main__', 'Net');
    expect(evaluator.getAttr(net, 'size')).toBe(3n);
    expect(evaluator.repr(evaluator.getAttr(net, 'sizes'))).toBe('[1]');
    expect(evaluator.repr(lookup('__main__', 'SIZES'))).toBe('[1, 2, 3]');
    expect(evaluator.repr(evaluator.getAttr(net, 'sizes'))).toBe('[1]');
  });

  it('adds patches to a class and its bases', async () => {
    const { evaluator, lookup, call } = await opened();
    const net = call(lookup('__main__', 'Net'), 1n);
    expect(call(evaluator.getAttr(net, 'twice'), 1n)).toBe(222n);
    expect(evaluator.getAttr(net, 'double')).toBe(2n);
    expect(call(evaluator.getAttr(net, 'tripled'))).toBe(3n);
  });

  it('supports imports of files, of files that cells write, and star imports', async () => {
    const { lookup, call } = await opened();
    expect(call(lookup('__main__', 'read'))).toBe(29n);
  });

  it('follows conditions, and replacements of unknown imports', async () => {
    const { lookup } = await opened();
    expect(lookup('__main__', 'MAIN')).toBe('main');
    expect(lookup('__main__', 'HAS')).toBe(false);
  });

  it('says in which cell a definition cannot be read', async () => {
    const { lookup } = await opened();
    expect(() => lookup('__main__', 'broken')).toThrow(
      /^The code of model\.ipynb, cell 6, line \d+ cannot be read: invalid syntax/,
    );
    expect(lookup('__main__', 'Nothing')).toBeUndefined();
  });

  it('says in which line of a cell code fails', async () => {
    const { lookup, call } = await opened();
    expect(() => call(lookup('__main__', 'loud'), 1n)).toThrow(/line 3\b.*ValueError: no/s);
    expect(() => call(lookup('__main__', 'loud'), 0n)).toThrow(/line 5\b.*NameError/s);
  });

  it('finds a lambda if only one is possible', async () => {
    const { lookup, call, evaluator } = await opened();
    const named = lookup('__main__', 'get_y');
    expect(call(named, 1n)).toBe(3n);
    expect(call(lookup('__main__', 'get_y.<lambda>'), 1n)).toBe(2n);
    expect(evaluator.repr(lookup('helpers', 'twice_of.<locals>.<lambda>'))).toContain('<lambda>');
    expect(() => lookup('__main__', '<lambda>')).toThrow(
      'a lambda has no name for a lookup, and model.ipynb has 2 of them',
    );
  });

  it('shows a definition with its location', async () => {
    const { files } = await opened();
    expect(files.sourceOf('__main__', 'Net.forward')).toEqual({
      file: 'model.ipynb, cell 4',
      firstLine: 10,
      text: '    def forward(self, x):\n        return super().forward(x) * SIZE + OFFSET',
    });
    expect(files.sourceOf('pack.layers', 'scale')?.firstLine).toBe(13);
    expect(files.sourceOf('pack.layers', 'nothing')).toBeUndefined();
  });
});

describe('files', () => {
  it('are found by the module, with nested classes and relative imports', async () => {
    const { evaluator, lookup, call } = await opened();
    expect(evaluator.getAttr(lookup('pack.layers', 'Block.Inner'), 'width')).toBe(7n);
    expect(call(evaluator.getAttr(call(lookup('pack', 'Block')), 'forward'), 3n)).toBe(21n);
  });

  it('are named if one is missing', async () => {
    const { lookup, files } = await opened();
    expect(() => lookup('pack.layers', 'Lost')).toThrow(
      /^The learner needs pack\.missing for pack\.layers\.Lost, but .* has no file pack\/missing\.py/,
    );
    expect(lookup('utils', 'Net')).toBeUndefined();
    expect(files.notFound('utils', 'Net').message).toContain(
      "Learner.load(file, { code: ['utils.py'] })",
    );
  });

  it('are kept under names that find them again', async () => {
    const { files } = await opened();
    const kept = files.kept();
    expect(kept.map(({ name }) => name)).toContain('pack/layers.py');
    const again = withFiles(await SourceFiles.read(kept));
    expect(again.evaluator.getAttr(again.lookup('pack', 'Block.Inner'), 'width')).toBe(7n);
    const one = await SourceFiles.read([{ name: '/srv/app/model.py', text: 'x = 1\n' }]);
    expect(one.kept()).toEqual([{ name: 'model.py', text: 'x = 1\n' }]);
    expect(withFiles(one).lookup('app.model', 'x')).toBe(1n);
  });

  it('are bounded', async () => {
    await expect(SourceFiles.read('/no/such/file.py')).rejects.toThrow('No file at');
    await expect(SourceFiles.read({ name: 'a.txt', text: '' })).rejects.toThrow(
      'notebook (.ipynb)',
    );
    await expect(SourceFiles.read({ name: 'a.ipynb', text: '{}' })).rejects.toThrow('no cells');
    const long = { name: 'a.py', text: ' '.repeat(3 * 2 ** 20) };
    await expect(SourceFiles.read(long)).rejects.toThrow('the limit is 2097152');
    const many = Array.from({ length: 501 }, (_, n) => ({ name: `m${n}.py`, text: '' }));
    await expect(SourceFiles.read(many)).rejects.toThrow('The limit is 500 files');
  });

  it('give errors for circular definitions', async () => {
    const { lookup } = await given({ name: 'a.py', text: 'x = y\ny = x\nclass A(A): pass\n' });
    expect(() => lookup('a', 'x')).toThrow(/NameError/);
    expect(() => lookup('a', 'A')).toThrow(/NameError/);
  });

  it('may contain names with a meaning in JavaScript', async () => {
    const { lookup, evaluator } = await given({
      name: 'a.py',
      text: 'constructor = 1\n__proto__ = 2\nclass C:\n    toString = 3\n',
    });
    expect(lookup('a', 'constructor')).toBe(1n);
    expect(lookup('a', '__proto__')).toBe(2n);
    expect(lookup('a', 'hasOwnProperty')).toBeUndefined();
    expect(evaluator.getAttr(lookup('a', 'C'), 'toString')).toBe(3n);
    expect(lookup('a', 'C.valueOf')).toBeUndefined();
  });

  it('redefine names by themselves', async () => {
    const { lookup, call } = await given({
      name: 'a.py',
      text: 'def f(x): return x\ndef wrap(g): return lambda x: g(x) + 1\nf = wrap(f)\nf = wrap(f)\n',
    });
    expect(call(lookup('a', 'f'), 1n)).toBe(3n);
  });
});
