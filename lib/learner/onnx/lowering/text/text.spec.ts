import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { Module, readTorchFile } from '../../../torch/index.js';
import { createSession, lowerModel, packTextBatch, TextInputError } from '../../index.js';
import type { OnnxSession } from '../../session/onnx-session.js';
import type { TextLimits } from '../lowering.js';

const fixtures = new URL('../../../../../test/fixtures/onnx/', import.meta.url);

interface TextCase {
  readonly ids: number[];
  /** Absent where fastai raises; null where a number is not finite. */
  readonly logits?: (number | null)[];
}

interface TextFixture {
  readonly text: Record<string, { vocab: number; cases: TextCase[] }>;
  readonly language_model: { ids: number[]; logits: number[] }[];
}

const expected = JSON.parse(readFileSync(new URL('text.json', fixtures), 'utf8')) as TextFixture;
const sessions: OnnxSession[] = [];

afterAll(() => Promise.all(sessions.map((session) => session.release())));

function readModel(name: string): Module {
  const file = readTorchFile(gunzipSync(readFileSync(new URL(`${name}.pkl.gz`, fixtures))));
  return Module.from(file.root)!;
}

async function classifier(
  name: string,
): Promise<(rows: readonly number[][]) => Promise<number[][]>> {
  const { graph, hints } = lowerModel(readModel(name));
  if (hints.kind !== 'text-classifier') throw new Error(hints.kind);
  const limits: TextLimits = hints.text;
  expect(limits.vocabSize).toBe(expected.text[name]!.vocab);
  const session = await createSession(graph, { intraOpNumThreads: 1 });
  sessions.push(session);
  return async (rows) => {
    const batch = packTextBatch(rows, limits);
    const { logits } = await session.run({
      ids: new Tensor('int32', batch.ids, batch.dims),
      lengths: new Tensor('int32', batch.lengths, [batch.lengths.length]),
    });
    const { data, dims } = logits as Tensor;
    const width = dims[1]!;
    return rows.map((_, i) =>
      Array.from((data as Float32Array).subarray(i * width, (i + 1) * width)),
    );
  };
}

/** The largest difference, relative to numbers above 1. */
function difference(actual: readonly number[], wanted: readonly (number | null)[]): number {
  expect(actual).toHaveLength(wanted.length);
  return Math.max(
    ...wanted.map((value, i) => {
      const given = actual[i]!;
      if (value === null) return Number.isFinite(given) ? Infinity : 0;
      return Math.abs(given - value) / Math.max(1, Math.abs(value));
    }),
  );
}

describe.each(Object.keys(expected.text))('the text classifier %s', (name) => {
  const { cases } = expected.text[name]!;
  const good = cases.filter((each) => each.logits);

  it("gives each row fastai's numbers for the row alone", async () => {
    const run = await classifier(name);
    for (const { ids, logits } of good) {
      const [row] = await run([ids]);
      expect(difference(row!, logits!), `ids ${ids.join()}`).toBeLessThanOrEqual(1e-5);
    }
  });

  it('gives the same in batches of mixed lengths', async () => {
    const run = await classifier(name);
    for (const size of [2, 7, good.length]) {
      for (let start = 0; start < good.length; start += size) {
        const part = good.slice(start, start + size);
        const rows = await run(part.map(({ ids }) => ids));
        part.forEach(({ logits, ids }, i) => {
          expect(difference(rows[i]!, logits!), `ids ${ids.join()}`).toBeLessThanOrEqual(1e-5);
        });
      }
    }
  });

  it('refuses inputs for which fastai raises, or returns NaN', async () => {
    const run = await classifier(name);
    for (const { ids } of cases.filter((each) => !each.logits)) {
      const outcome = await run([ids]).catch((error: unknown) => error);
      if (Array.isArray(outcome)) expect(outcome.flat().some(Number.isNaN)).toBe(true);
      else expect(outcome).toBeInstanceOf(TextInputError);
    }
  });
});

it('runs a language model', async () => {
  const { graph, hints } = lowerModel(readModel('language-model'));
  expect(hints).toEqual({ kind: 'language-model', text: { vocabSize: 25 } });
  const session = await createSession(graph, { intraOpNumThreads: 1 });
  sessions.push(session);
  for (const { ids, logits } of expected.language_model) {
    const results = await session.run({
      ids: new Tensor('int32', Int32Array.from(ids), [1, ids.length]),
    });
    const { data, dims } = results['logits'] as Tensor;
    expect(dims).toEqual([1, ids.length, 25]);
    const last = Array.from((data as Float32Array).slice(-25));
    expect(difference(last, logits)).toBeLessThanOrEqual(1e-5);
  }
});

it('keeps a tied weight once', () => {
  const { graph } = lowerModel(readModel('language-model'));
  const tables = graph.initializers.filter(({ data }) => data.dims.join() === '25,6');
  expect(tables).toHaveLength(1);
});
