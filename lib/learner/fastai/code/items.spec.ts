import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Program } from '../../onnx/tracing/program.js';
import { List, Tuple, type Value } from '../../python/values.js';
import { PyDict, readTorchFile, type PyValue } from '../../torch/index.js';
import { ArrayValue } from './numpy/array-value.js';
import { isFloat } from './numpy/dtypes.js';
import { numpyNames } from './numpy/names.js';
import { ImageFiles } from './pil/image-files.js';
import { PilImage } from './pil/image-value.js';
import { pilNames } from './pil/names.js';
import { channelsOf, convert, type PilMode, type Pixels } from './pil/pixels.js';

const folder = new URL('../../../../test/fixtures/code/items/', import.meta.url);

type Told = Readonly<Record<string, unknown>>;
const expected = JSON.parse(readFileSync(new URL('values.json', folder), 'utf8')) as Record<
  string,
  Told
>;
const file = readTorchFile(fileURLToPath(new URL('functions.pkl', folder)));
const functions = new Map<string, PyValue>();
for (const [name, func] of file.root as PyDict) functions.set(String(name), func);

/** The picture of the script. */
function picture(mode: PilMode, width = 37, height = 29): Pixels {
  const bands = channelsOf(mode);
  const data = new Uint8Array(width * height * bands);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / bands) % width, Math.floor(i / bands / width)];
    data[i] = x * x * 7 + y * 13 + (i % bands) * 61 + ((x * y) % 29) * 5;
  }
  return { mode, width, height, data };
}

const digest = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex').slice(0, 16);

function told(program: Program, value: Value): Told {
  if (value instanceof PilImage) {
    const { mode, width, height, data } = convert(value.pixels, value.pixels.mode);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { mode, size: [width, height], sha: digest(bytes) };
  }
  if (value instanceof ArrayValue) {
    const { dtype, shape } = value.array;
    const flat = Array.from(value.array.flat());
    if (!isFloat(dtype)) {
      return { dtype, shape, sha: digest(new Uint8Array(BigInt64Array.from(flat, BigInt).buffer)) };
    }
    const step = Math.max(1, Math.floor(flat.length / 20));
    return { dtype, shape, floats: flat.filter((_, i) => i % step === 0) };
  }
  return { repr: program.evaluator.repr(plain(value)) };
}

/** numpy's scalars are shown as numbers. */
function plain(value: Value): Value {
  if (value instanceof Tuple) return new Tuple(value.items.map(plain));
  if (value instanceof List) return new List(value.items.map(plain));
  return value;
}

describe("Code on images and arrays gives Pillow's and numpy's values", () => {
  const program = Program.of({ names: [pilNames(new ImageFiles()).names, numpyNames] });
  it.each(Object.keys(expected))('%s', (name) => {
    program.evaluator.renew();
    const func = program.value(functions.get(name)!);
    const images = [new PilImage(picture('RGB')), new PilImage(picture('L'))];
    const actual = told(program, program.evaluator.call(func, images));
    const { floats, ...exact } = expected[name]!;
    const { floats: own, ...rest } = actual;
    expect(rest).toEqual(exact);
    (floats as number[] | undefined)?.forEach((value, i) => {
      expect(Math.abs((own as number[])[i]! - value)).toBeLessThan(
        1e-5 * Math.max(1, Math.abs(value)),
      );
    });
  });
});
