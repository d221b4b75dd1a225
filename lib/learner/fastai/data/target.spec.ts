import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { PyGlobal, PyObject, type PyValue } from '../../torch/index.js';
import { UnsupportedTargetError } from '../errors.js';
import { openLearnerFile } from '../learner-file.js';
import type { TransformedList } from './data-loaders.js';
import { qualifiedName } from './pipeline.js';
import { readTarget } from './target.js';
import { decodedTarget, hasMaskTarget } from './target-types.js';

const transform = (name: string, vocab?: PyValue): PyObject => {
  const record = new PyObject(new PyGlobal('fastai.data.transforms', name), []);
  if (vocab !== undefined) record.attrs.set('vocab', vocab);
  return record;
};

/** What fastai 2.8.12 shows for the raw output of a loss without activation and decodes. */
describe('Several labels', () => {
  const target = readTarget([
    transform('MultiCategorize', ['bar', 'disc', 'even']),
    transform('OneHotEncode'),
  ]);
  const decode = (values: readonly number[]): unknown =>
    target.decode(new Tensor('float32', Float32Array.from(values), [3]));

  it('are those whose number is 1', () => {
    expect(decode([1, 0, 1])).toEqual(['bar', 'even']);
    expect(target.decode(new Tensor('bool', Uint8Array.of(0, 1, 0), [3]))).toEqual(['disc']);
  });

  it('are none where the output is raw', () => {
    expect(decode([-0.155, 0.257, 0.278])).toEqual([]);
    expect(decode([2, 0.999, -1])).toEqual([]);
  });
});

it('of several targets is the first', () => {
  const list = (name: string): TransformedList => ({
    transforms: [],
    types: [new PyGlobal('pathlib', 'Path'), new PyGlobal('fastai.torch_core', name)],
  });
  const targets = [list('TensorCategory'), list('TensorMask')];
  expect(hasMaskTarget({ targets, afterItem: [] })).toBe(false);
  expect(hasMaskTarget({ targets: targets.toReversed(), afterItem: [] })).toBe(true);
  expect(decodedTarget({ targets }).targets).toEqual([targets[0]]);
});

describe('A transform of a notebook, as a target', () => {
  /** Reads it from the batch transforms of a learner. */
  const targetOf = (learner: string, name: string): unknown => {
    const file = readFileSync(`test/fixtures/code/learners/${learner}/export.pkl.br`);
    const { dls, torchFile } = openLearnerFile(brotliDecompressSync(file));
    try {
      const own = [...dls.afterItem, ...dls.afterBatch].filter((record) =>
        qualifiedName(record).endsWith(name),
      );
      expect(own).toHaveLength(1);
      return readTarget(own);
    } finally {
      torchFile.close();
    }
  };

  it('is refused if its class decodes, and named', () => {
    expect(() => targetOf('standardized', 'Standardize')).toThrow(UnsupportedTargetError);
    expect(() => targetOf('standardized', 'Standardize')).toThrow(/Standardize/);
  });

  it('changes nothing if it only encodes', () => {
    expect(targetOf('coordinates', 'AddCoords')).toMatchObject({ task: 'regress' });
  });
});
