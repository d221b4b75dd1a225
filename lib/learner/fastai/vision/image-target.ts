import { Tensor } from 'onnxruntime-common';
import { asItems, PyObject } from '../../torch/index.js';
import type { DecodedTarget, LearnerTask } from '../contract.js';
import type { Target } from '../data/target.js';
import {
  decodedTarget,
  hasImageTarget,
  hasMaskTarget,
  itemTransform,
  targetTypes,
} from '../data/target-types.js';
import { categoryNames } from '../data/vocab.js';
import type { LearnerFile } from '../learner-file.js';
import { refuseBoxes } from '../refuse-boxes.js';
import type { ResultTarget } from '../results/result-targets.js';
import { imageDecoder } from './image-decoder.js';

/**
 * An image learner's result: labels or numbers, points in pixels [n, 2], a mask [height, width], or
 * an image [channels, height, width].
 *
 * @publicApi
 */
export type DecodedImageTarget = DecodedTarget | Tensor;

/** Decodes one row of predictions for an image at the model's size. */
export interface ImageTarget {
  readonly kind: 'labels' | 'points' | 'mask' | 'image';
  readonly task: LearnerTask;
  /** Names of the classes, including those of a mask. */
  readonly vocab: readonly string[] | undefined;
  decode(
    target: Tensor,
    size: { readonly width: number; readonly height: number },
  ): DecodedImageTarget;
}

/** @throws UnsupportedLearnerError for bounding boxes as targets. */
export function readImageTarget(file: LearnerFile, labels: Target): ImageTarget {
  refuseBoxes(file);
  if (targetTypes(decodedTarget(file.dls)).includes('TensorPoint')) {
    return { kind: 'points', task: 'points', vocab: undefined, decode: pointsDecoder(file) };
  }
  if (hasMaskTarget(file.dls)) {
    const codes = itemTransform(file.dls, 'AddMaskCodes');
    const names = codes instanceof PyObject ? asItems(codes.attr('codes')) : undefined;
    const vocab = codes ? categoryNames(names ?? []) : undefined;
    return { kind: 'mask', task: 'segment', vocab, decode: (target) => target };
  }
  if (hasImageTarget(file.dls)) {
    return { kind: 'image', task: 'image', vocab: undefined, decode: imageDecoder(file.dls) };
  }
  const { vocab, task } = labels;
  return { kind: 'labels', task, vocab, decode: (target) => labels.decode(target) };
}

/** The same for one of several results; its image has a size once it is encoded. */
export function imageTargetOf(file: LearnerFile, labels: Target): ResultTarget<Sized> {
  const target = readImageTarget(file, labels);
  return {
    ...target,
    decode: (row, { size }) => target.decode(row, size ?? { width: 0, height: 0 }),
  };
}

interface Sized {
  readonly size?: { readonly width: number; readonly height: number };
}

/** PointScaler's decoding: -1..1 to the pixels of the model's image, x before y. */
function pointsDecoder(file: LearnerFile): ImageTarget['decode'] {
  const scaled = itemTransform(file.dls, 'PointScaler') !== undefined;
  return (target, { width, height }) => {
    const values = target.data as Float32Array;
    const points = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const size = i % 2 === 0 ? width : height;
      points[i] = scaled ? Math.fround(Math.fround(values[i]! + 1) * size) / 2 : values[i]!;
    }
    return new Tensor('float32', points, [values.length / 2, 2]);
  };
}
