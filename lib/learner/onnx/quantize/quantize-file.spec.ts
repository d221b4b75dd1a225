import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SessionCreationError } from '../errors.js';
import { fields } from '../proto/onnx-fields.js';
import { readNode } from '../proto/file-node.js';
import { fieldsOf } from '../proto/protobuf-reader.js';
import { createSession, openSession } from '../session/create-session.js';
import { quantizeFile } from './quantize-file.js';
import { quantizedSession } from './quantized-session.js';

interface Numbers {
  shape: number[];
  values: number[];
}

const folder = 'test/fixtures/pytorch/onnx-int8';
const cases = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as Record<
  string,
  { input: Numbers; output: Numbers; distance: number }
>;
const options = { intraOpNumThreads: 1, exactInt8: true };

let own: string;
beforeEach(() => void (own = mkdtempSync(join(tmpdir(), 'vts-spec-'))));
afterEach(() => rmSync(own, { recursive: true, force: true }));

function copyOf(name: string): string {
  for (const file of readdirSync(folder)) {
    if (file.startsWith(`${name}.`)) copyFileSync(join(folder, file), join(own, file));
  }
  return join(own, `${name}.onnx`);
}

function graphOf(model: Uint8Array): Uint8Array {
  return [...fieldsOf(model)].find(({ number }) => number === fields.model.graph)!.body;
}

function opsOf(model: Uint8Array): string[] {
  return [...fieldsOf(graphOf(model))]
    .filter(({ number }) => number === fields.graph.node)
    .map(({ body }) => readNode(body).node.op);
}

async function distance(
  session: Awaited<ReturnType<typeof createSession>>,
  { input, output }: (typeof cases)[string],
): Promise<number> {
  expect(session.inputNames).toEqual(['x']);
  const results = await session.run({ x: new Tensor('float32', input.values, input.shape) });
  const y = results[session.outputNames[0]!] as Tensor;
  await session.release();
  expect(y.dims).toEqual(output.shape);
  const values = y.data as Float32Array;
  return output.values.reduce((most, value, i) => Math.max(most, Math.abs(value - values[i]!)), 0);
}

describe('files as exporters write them', () => {
  it.each([
    ['gemm', 2],
    ['data-file', 2],
    ['matmul', 2],
    ['transpose', 2],
    ['dynamo', 2],
    ['ir3', 2],
    ['lstm', 2],
    ['branches', 1],
  ])(
    '%s: %i products are quantized, as near to torch as by quantize_dynamic',
    async (name, count) => {
      const known = cases[name]!;
      const quantized = quantizeFile(join(folder, `${name}.onnx`))!;
      const { model } = quantized.write({});
      const changed = opsOf(model).filter((op) => op.startsWith('DynamicQuantize'));
      expect(changed).toHaveLength(count);
      // The original quantizer leaves weights behind a Transpose alone: the same model without them
      // tells.
      const theirs = name === 'transpose' ? cases['matmul']!.distance : known.distance;
      for (const session of [
        await createSession(quantized, options),
        await openSession(model, options),
        await quantizedSession(quantized, join(own, 'cache'), options),
      ]) {
        const ours = await distance(session, known);
        expect(ours).toBeGreaterThan(0);
        expect(ours).toBeLessThanOrEqual(theirs);
      }
    },
  );

  it('a weight that reaches a product through other nodes is removed with these nodes', () => {
    const quantized = quantizeFile(join(folder, 'transpose.onnx'))!;
    const { model } = quantized.write({});
    // The smallest weight stays as it is.
    expect(opsOf(model).filter((op) => op === 'Transpose')).toHaveLength(1);
    expect(model.byteLength).toBeLessThan(statSync(join(folder, 'transpose.onnx')).size / 2);
  });

  it('a weight that a branch also uses stays', () => {
    const quantized = quantizeFile(join(folder, 'branches.onnx'))!;
    const { model, externalData } = quantized.write({ externalDataThreshold: 1024 });
    expect(opsOf(model).slice(-3)).toEqual(['If', 'DynamicQuantizeMatMul', 'Add']);
    // That one, one of each branch and the one in 8 bits.
    expect(externalData!.byteLength).toBe(3 * 6400 + 1600);
  });
});

describe('the folder of the result', () => {
  it('has another key if only the data file differs', async () => {
    const [path, cache] = [copyOf('data-file'), join(own, 'cache')];
    const open = async (): Promise<number> => {
      const quantized = quantizeFile(path)!;
      return distance(await quantizedSession(quantized, cache, options), cases['data-file']!);
    };
    const near = await open();
    expect(await open()).toBe(near);
    expect(readdirSync(cache)).toHaveLength(1);
    const weights = join(own, 'data-file.weights');
    const bytes = readFileSync(weights);
    for (let at = 0; at < bytes.length; at += 4) bytes.writeFloatLE(-bytes.readFloatLE(at), at);
    writeFileSync(weights, bytes);
    expect(await open()).toBeGreaterThan(near * 2);
    expect(readdirSync(cache)).toHaveLength(2);
  });
});

it('has nothing to do for small weights, and for bytes that are not a model', () => {
  expect(quantizeFile('test/fixtures/pytorch/onnx/mlp.onnx')).toBeUndefined();
  expect(quantizeFile(Buffer.from('not a model'))).toBeUndefined();
  const whole = readFileSync(join(folder, 'gemm.onnx'));
  expect(quantizeFile(whole.subarray(0, whole.length - 9))).toBeUndefined();
});

it.each([
  ['missing', (file: string) => unlinkSync(file)],
  ['too short', (file: string) => truncateSync(file, 100)],
])('a data file that is %s', (_, damage) => {
  const path = copyOf('data-file');
  damage(join(own, 'data-file.weights'));
  expect(() => quantizeFile(path)).toThrow(SessionCreationError);
  expect(() => quantizeFile(path)).toThrow('"data-file.weights" is missing or too short');
});

it('a missing data file that only a branch uses', () => {
  const bytes = readFileSync(join(folder, 'branches.onnx'));
  const at = bytes.indexOf('branches.weights');
  bytes.write('branches.others1', at, 'latin1');
  const path = join(own, 'branches.onnx');
  copyOf('branches');
  writeFileSync(path, bytes);
  expect(() => quantizeFile(path)).toThrow('"branches.others1" is missing');
});

it('a data file outside of the folder is not read', () => {
  const bytes = readFileSync(join(folder, 'data-file.onnx')).toString('latin1');
  const evil = Buffer.from(bytes.replaceAll('data-file.weights', '../a-file.weights'), 'latin1');
  const path = join(own, 'evil.onnx');
  writeFileSync(path, evil);
  expect(() => quantizeFile(path)).toThrow('"../a-file.weights" is not in the model');
});
