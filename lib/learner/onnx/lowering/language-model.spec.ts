import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Module, readTorchFile } from '../../torch/index.js';
import { UnsupportedModuleError } from '../errors.js';
import { createSession } from '../session/create-session.js';
import type { OnnxSession } from '../session/onnx-session.js';
import { lowerLanguageModel, type LoweredLanguageModel } from './language-model.js';

const fixtures = new URL('../../../../test/fixtures/onnx/', import.meta.url);
const { language_model: cases } = JSON.parse(
  readFileSync(new URL('text.json', fixtures), 'utf8'),
) as { language_model: { ids: number[]; logits: number[] }[] };

function readModel(name: string): Module {
  const file = readTorchFile(gunzipSync(readFileSync(new URL(`${name}.pkl.gz`, fixtures))));
  return Module.from(file.root)!;
}

describe('lowerLanguageModel', () => {
  let lowered: LoweredLanguageModel;
  let session: OnnxSession;
  beforeAll(async () => {
    lowered = lowerLanguageModel(readModel('language-model'));
    session = await createSession(lowered.graph, { intraOpNumThreads: 1 });
  });
  afterAll(() => session.release());

  async function step(rows: readonly number[][], state?: Tensor): Promise<[Tensor, Tensor]> {
    const ids = Int32Array.from(rows.flat());
    const zeros = new Float32Array(rows.length * lowered.stateSize);
    const outputs = await session.run({
      ids: new Tensor('int32', ids, [rows.length, rows[0]!.length]),
      state: state ?? new Tensor('float32', zeros, [1, rows.length, lowered.stateSize]),
    });
    return [outputs['logits'] as Tensor, outputs['next_state'] as Tensor];
  }

  function expectClose(actual: Tensor, wanted: readonly number[]): void {
    const values = [...(actual.data as Float32Array)];
    expect(values).toHaveLength(wanted.length);
    values.forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(1e-5));
  }

  it('gives the logits after the last token', async () => {
    expect(lowered.vocabSize).toBe(25);
    for (const { ids, logits } of cases) {
      const [after] = await step([ids]);
      expect(after.dims).toEqual([1, 25]);
      expectClose(after, logits);
    }
  });

  it('continues from its state, token by token and piece by piece', async () => {
    for (const { ids, logits } of cases) {
      let state: Tensor | undefined;
      let after: Tensor | undefined;
      for (const id of ids) [after, state] = await step([[id]], state);
      expectClose(after!, logits);
      if (ids.length < 2) continue;
      const half = ids.length >> 1;
      const [, middle] = await step([ids.slice(0, half)]);
      expectClose((await step([ids.slice(half)], middle))[0], logits);
    }
  });

  it('keeps the texts of a batch apart', async () => {
    const [first, second] = cases.filter(({ ids }) => ids.length > 1);
    const length = Math.min(first!.ids.length, second!.ids.length);
    const rows = [first!.ids.slice(0, length), second!.ids.slice(0, length)];
    const [, states] = await step(rows);
    const [both] = await step([[3], [4]], states);
    const alone = await Promise.all(
      rows.map(async (row, i) => (await step([[3 + i]], (await step([row]))[1]))[0]),
    );
    expectClose(
      both,
      alone.flatMap((each) => [...(each.data as Float32Array)]),
    );
  });

  it('holds a tied weight once', () => {
    const tables = lowered.graph.initializers.filter(({ data }) => data.dims.join() === '25,6');
    expect(tables).toHaveLength(1);
  });

  it('refuses a model that is not a language model, by its path', () => {
    expect(() => lowerLanguageModel(readModel('bidir'))).toThrow(UnsupportedModuleError);
    expect(() => lowerLanguageModel(readModel('bidir'))).toThrow(/SentenceEncoder.*AWD_LSTM/s);
  });
});
