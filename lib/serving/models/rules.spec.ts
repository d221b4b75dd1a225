import { describe, expect, it } from 'vitest';
import { BatchableNotSupportedError, UnknownMethodError } from './errors.js';
import { checkSignatures } from './rules.js';
import { FASTAI } from './fastai/rules.js';

describe('the signatures of a fastai model', () => {
  it('contain only predict by default', () => {
    expect([...checkSignatures(FASTAI, 'm', FASTAI.defaults)]).toEqual([
      ['predict', { batchable: false }],
    ]);
  });

  it("have Python's names", () => {
    const checked = checkSignatures(FASTAI, 'm', { predict: {}, getPreds: { batchable: false } });
    expect([...checked.keys()]).toEqual(['predict', 'get_preds']);
  });

  it('are never batchable', () => {
    const check = (): unknown =>
      checkSignatures(FASTAI, 'm:v1', { predict: { batchable: true }, get_preds: {} });
    expect(check).toThrow(BatchableNotSupportedError);
    expect(check).toThrow('"m:v1" has batchable: true for "predict"');
    expect(check).toThrow('pytorch.saveModel');
  });

  it.each(['predictt', '__call__', 'constructor', 'toString', '__proto__'])(
    'name no method that a learner lacks: %s',
    (method) => {
      const check = (): unknown => checkSignatures(FASTAI, 'm', { [method]: {} });
      expect(check).toThrow(UnknownMethodError);
      expect(check).toThrow('predict, get_preds');
    },
  );
});
