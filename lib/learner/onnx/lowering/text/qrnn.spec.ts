import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { Module, readTorchFile } from '../../../torch/index.js';
import { createSession, lowerModel, packTextBatch, TextInputError } from '../../index.js';
import { loadLowerings } from '../registry.js';

const FOLDER = 'test/fixtures/onnx';
const cases = JSON.parse(readFileSync(`${FOLDER}/awd_qrnn.json`, 'utf8')) as {
  ids: number[];
  logits: number[];
}[];

async function lowered() {
  const file = readTorchFile(gunzipSync(readFileSync(`${FOLDER}/awd_qrnn.pkl.gz`)));
  const model = Module.from(file.root)!;
  await loadLowerings(model);
  const { graph, hints } = lowerModel(model);
  if (hints.kind !== 'text-classifier') throw new Error(hints.kind);
  return { graph, limits: hints.text };
}

describe('a text classifier on AWD_QRNN', () => {
  it("gives fastai's numbers, one text at a time and in batches", async () => {
    const { graph, limits } = await lowered();
    const session = await createSession(graph, { intraOpNumThreads: 1 });
    for (const rows of [...cases.map((each) => [each]), cases]) {
      const batch = packTextBatch(
        rows.map(({ ids }) => ids),
        limits,
      );
      const { logits } = await session.run({
        ids: new Tensor('int32', batch.ids, batch.dims),
        lengths: new Tensor('int32', batch.lengths, [batch.lengths.length]),
      });
      const given = (logits as Tensor).data as Float32Array;
      const wanted = rows.flatMap(({ logits }) => logits);
      expect(given).toHaveLength(wanted.length);
      wanted.forEach((value, i) => expect(given[i]).toBeCloseTo(value, 5));
    }
    await session.release();
  });

  it('refuses padding at the start of a chunk, because its chunks cannot be skipped', async () => {
    const { limits } = await lowered();
    const ids = Array.from({ length: limits.bptt + 2 }, () => 5);
    expect(() => packTextBatch([ids], limits)).not.toThrow();
    ids[limits.bptt] = limits.padIdx;
    expect(() => packTextBatch([ids], limits)).toThrow(TextInputError);
    expect(() => packTextBatch([ids], limits)).toThrow(/the QRNN does not support that/);
  });
});
