import type { Tensor } from 'onnxruntime-common';

/** The last row of a tensor: of the last token's logits or probabilities. */
export function lastRow({ data, dims }: Tensor): Float32Array {
  return (data as Float32Array).slice(-(dims.at(-1) ?? 0));
}
