import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { setRunGuard } from '../../../learner/runtime/run-guard.js';
import { guardOnnxruntime } from './guard-onnxruntime.js';

const MODEL = fileURLToPath(
  new URL('../../../../sample/07-custom-runnable/model/loans.onnx', import.meta.url),
);

describe('guardOnnxruntime', () => {
  afterAll(() => setRunGuard(undefined));

  it('guards sessions, once', async () => {
    const seen: string[] = [];
    setRunGuard({ enter: () => seen.push('enter'), leave: () => seen.push('leave') });
    guardOnnxruntime();
    guardOnnxruntime();
    const session = await InferenceSession.create(MODEL);
    expect(seen).toEqual(['enter', 'leave']);
    const { logits } = await session.run({
      x_cat: new Tensor('int64', new BigInt64Array(3), [1, 3]),
      x_cont: new Tensor('float32', new Float32Array(3), [1, 3]),
    });
    expect(logits?.dims).toEqual([1, 2]);
    await expect(session.run({})).rejects.toThrow('x_cat');
    await session.release();
    expect(seen.join()).toBe(Array.from({ length: 4 }, () => 'enter,leave').join());
  });
});
