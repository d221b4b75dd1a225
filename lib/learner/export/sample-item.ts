import type { LearnerInput, TabularSchema } from '../fastai/contract.js';
import type { Learner } from '../fastai/learner.js';
import type { RawImage } from '../fastai/vision/image-item.js';

const SENTENCE = 'The quick brown fox jumps over the lazy dog.';

/** An item that a learner of the kind should take; undefined if the file does not say enough. */
export function sampleItem(learner: Learner): unknown {
  if (learner.kind === 'vision') return sampleImage(256);
  if (learner.kind === 'array') return zeros(learner.description.shape);
  if (learner.kind === 'text') return SENTENCE;
  if (learner.kind === 'mixed') return sampleParts(learner.description.inputs ?? []);
  return sampleRow(learner.schema);
}

/** Undefined if only a row of the training data shows how many numbers an input has. */
function sampleParts(inputs: readonly LearnerInput[]): unknown {
  const parts = inputs.map(({ kind, shape = [], columns }) => {
    if (kind === 'vision') return sampleImage(256);
    if (kind === 'text') return SENTENCE;
    if (columns) return columns.columns[0]?.example;
    const [length] = shape;
    return typeof length === 'number' ? Array.from({ length }, () => 0) : undefined;
  });
  return parts.includes(undefined) ? undefined : parts;
}

function sampleRow({ columns }: TabularSchema): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name, example }) => [name, example]));
}

/** Sizes that a learner leaves open become large enough for most of its layers. */
function zeros(shape: readonly (number | null)[] = [8]) {
  const dims = shape.map((size, axis) => size ?? (axis === shape.length - 1 ? 64 : 1));
  return { dims, data: new Float32Array(dims.reduce((product, size) => product * size, 1)) };
}

/** Pixels of all brightnesses with some structure; pixels need no decoder. */
function sampleImage(size: number): RawImage {
  const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % size, Math.floor(i / 3 / size)];
    return (x * (1 + (i % 3)) + 7 * (y >> 4) * (x >> 5)) % 256;
  });
  return { width: size, height: size, channels: 3, data };
}
