import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Module, readTorchFile, type Tensor } from '../index.js';
import { picklePart } from './pickle-part.js';
import { writeModuleFile } from './write-module-file.js';

const learner = (name: string): string =>
  fileURLToPath(new URL(`../../../../test/fixtures/learners/${name}/export.pkl`, import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vts-spec-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Everything in a tree of modules that computing depends on, tensors by their bytes and what they
 * share.
 */
function contentOf(module: Module, storages = new Map<unknown, number>()): unknown {
  const tensors = (of: ReadonlyMap<string, Tensor | null>): unknown[] =>
    [...of].map(([name, tensor]) => {
      if (tensor === null) return [name, null];
      const { storage, dtype, shape, strides, offset } = tensor;
      if (!storages.has(storage)) storages.set(storage, storages.size);
      return [
        name,
        dtype,
        shape,
        strides,
        offset,
        storages.get(storage),
        [...tensor.toTyped()].map(String).join(),
      ];
    });
  const plain = [...module.record.attrs].filter(
    ([, value]) => typeof value !== 'object' || value === null,
  );
  return [
    module.className,
    plain,
    tensors(module.parameters),
    tensors(module.buffers),
    [...module.children].map(([name, child]) => [name, child && contentOf(child, storages)]),
  ];
}

describe.each([
  'base_tokenizer',
  'cloudpickled',
  'few_rules',
  'german_bidir',
  'multi_label',
  'regression',
])('the model of the learner %s', (name) => {
  it('is written as a separate file, and is the same', async () => {
    const file = join(folder, `${name}.pt`);
    expect(await writeModuleFile({ source: learner(name), path: ['model'] }, file)).toBe(true);
    const [whole, part] = [readTorchFile(learner(name)), readTorchFile(file)];
    const model = Module.from(
      (whole.root as never as { attr(name: string): never }).attr('model'),
    )!;
    expect(contentOf(Module.from(part.root)!)).toEqual(contentOf(model));
    // Nothing of the learner has come along.
    const names = part.globals.map(({ qualifiedName }) => qualifiedName);
    expect(names).toContain('fastai.text.models.core.SequentialRNN');
    expect(names.filter((each) => /learner|data|callback|spacy/i.test(each))).toEqual([]);
    whole.close();
    part.close();
  });
});

it('gives the same bytes each time, also from bytes', async () => {
  const [first, second] = [join(folder, 'a.pt'), join(folder, 'b.pt')];
  const source = learner('few_rules');
  await writeModuleFile({ source, path: ['model'] }, first);
  await writeModuleFile({ source: readFileSync(source), path: ['model'] }, second);
  expect(readFileSync(first).equals(readFileSync(second))).toBe(true);
});

it('refuses files from before torch 1.6, and missing files', async () => {
  const file = join(folder, 'none.pt');
  const path = ['model'];
  expect(await writeModuleFile({ source: learner('legacy_stream'), path }, file)).toBe(false);
  expect(await writeModuleFile({ source: learner('few_rules'), path: ['x'] }, file)).toBe(false);
});

describe('a part of a pickle', () => {
  const pickle = (...parts: (string | number[])[]): Uint8Array =>
    Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1')));
  const text = (value: string): number[] => [0x58, value.length, 0, 0, 0, ...Buffer.from(value)];
  const object = ['cm\nC\n', ')', [0x81]];

  it('includes the parts that it shares with the rest, once', () => {
    // C(): a = [], m = (a, a)
    const bytes = pickle(
      [0x80, 2],
      ...object,
      '}(',
      text('a'),
      ']q\x05',
      text('m'),
      'h\x05h\x05',
      [0x86],
      'ub.',
    );
    expect(Buffer.from(picklePart(bytes, ['m'])!).toString('hex')).toBe(
      Buffer.from(
        pickle([0x80, 2], ']', [0x72, 5, 0, 0, 0], [0x6a, 5, 0, 0, 0], [0x86], '.'),
      ).toString('hex'),
    );
  });

  it('keeps an object that occurs within another one single', () => {
    // C(): a = [], b = [a], m = (a, b)
    const bytes = pickle(
      [0x80, 2],
      ...object,
      '}(',
      text('a'),
      ']q\x05',
      text('b'),
      ']q\x06h\x05a',
      text('m'),
      'h\x05h\x06',
      [0x86],
      'ub.',
    );
    const part = Buffer.from(picklePart(bytes, ['m'])!).toString('latin1');
    expect(part.split('r\x05\0\0\0')).toHaveLength(2);
    expect(part).toContain('j\x05\0\0\0a');
  });

  it('is refused if it refers to an object that contains it', () => {
    // C(): m = [C itself]
    const bytes = pickle([0x80, 2], ...object, 'q\x01}', text('m'), ']h\x01asb.');
    expect(picklePart(bytes, ['m'])).toBeUndefined();
  });
});
