import { asBool, PyObject } from '../../../torch/index.js';
import { flag, isGiven, malformed, numberIn, type SeriesReader } from './attributes.js';
import { byVariable, type Series } from './series.js';

/**
 * tsai's `PatchEncoder`: cuts a series into pieces. Each piece is one column with the steps of all
 * variables.
 */
const readPatches =
  (attribute: string): SeriesReader =>
  (record) => {
    const encoder = record.attr(attribute);
    if (!(encoder instanceof PyObject)) throw malformed(record, `it has no ${attribute}`);
    const [length, stride, padding] = ['patch_len', 'patch_stride', 'pad_size'].map((name) =>
      numberIn(encoder, name),
    ) as [number, number, number];
    const value = numberIn(encoder, 'value');
    const reduction = encoder.attr('reduction') ?? 'none';
    if (reduction !== 'none' || isGiven(encoder.attr('swap_dims'))) {
      throw malformed(record, 'it reduces or swaps its patches, which is not supported');
    }
    if (!Number.isInteger(length) || length < 1 || !Number.isInteger(stride) || stride < 1) {
      throw malformed(record, 'its patches have no length');
    }
    if (asBool(encoder.attr('merge_dims')) === false) {
      throw malformed(record, 'it keeps a separate dimension for patches, which is not supported');
    }
    const atStart = flag(encoder, 'pad_at_start');
    return (x) => unfolded(padded(x, padding, value, atStart), length, stride);
  };

function padded(x: Series, size: number, value: number, atStart: boolean): Series {
  if (size === 0) return x;
  return byVariable(x, (steps) => {
    const out = new Float32Array(steps.length + size).fill(value);
    out.set(steps, atStart ? size : 0);
    return out;
  });
}

function unfolded({ data, dims }: Series, length: number, stride: number): Series {
  const [, variables = 1, steps = 0] = dims;
  const patches = Math.max(0, Math.floor((steps - length) / stride) + 1);
  const out = new Float32Array(variables * length * patches);
  for (let variable = 0; variable < variables; variable++) {
    for (let at = 0; at < length; at++) {
      for (let patch = 0; patch < patches; patch++) {
        out[(variable * length + at) * patches + patch] =
          data[variable * steps + patch * stride + at]!;
      }
    }
  }
  return { data: out, dims: [1, variables * length, patches] };
}

export const readPatchEncoder = readPatches('patch_encoder');
export const readTuplePatchEncoder = readPatches('x_patch_encoder');
