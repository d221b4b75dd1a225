import { Tensor } from 'onnxruntime-common';
import { asItems, PyGlobal, PyObject, type PyValue } from '../../torch/index.js';
import type { DecodedTarget } from '../contract.js';
import { transformName } from '../data/pipeline.js';
import type { Target } from '../data/target.js';
import { categoryNames } from '../data/vocab.js';
import { UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';

/**
 * An image learner's result: labels or numbers, points in pixels [n, 2], or a mask [height, width].
 *
 * @publicApi
 */
export type DecodedImageTarget = DecodedTarget | Tensor;

/** Decodes one row of predictions for an image of the model's size. */
export interface ImageTarget {
  readonly kind: 'labels' | 'points' | 'mask';
  /** What labels are: a class, several, or numbers. */
  readonly task: Target['task'];
  /** Names of the classes, also of a mask's. */
  readonly vocab: readonly string[] | undefined;
  decode(
    target: Tensor,
    size: { readonly width: number; readonly height: number },
  ): DecodedImageTarget;
}

/** @throws UnsupportedLearnerError for bounding boxes and images as targets. */
export function readImageTarget(file: LearnerFile, labels: Target): ImageTarget {
  const types = file.dls.targets.flatMap(({ types: stages }) => lastTypes(stages));
  const has = (...names: string[]): boolean => names.some((name) => types.includes(name));
  if (has('TensorBBox') || named(file, 'BBoxLabeler')) throw unsupported('bounding boxes');
  if (has('TensorPoint')) {
    return { kind: 'points', task: 'regress', vocab: undefined, decode: pointsDecoder(file) };
  }
  const codes = named(file, 'AddMaskCodes');
  if (has('PILMask', 'TensorMask') || codes) {
    const names = codes instanceof PyObject ? asItems(codes.attr('codes')) : undefined;
    const vocab = codes ? categoryNames(names ?? []) : undefined;
    return { kind: 'mask', task: 'classify', vocab, decode: (target) => target };
  }
  if (has('PILImage', 'PILImageBW', 'TensorImage')) throw unsupported('images');
  const { vocab, task } = labels;
  return { kind: 'labels', task, vocab, decode: (target) => labels.decode(target) };
}

/** Whether it is a class for each pixel; what is not supported is no mask. */
export function predictsMask(file: LearnerFile): boolean {
  const types = file.dls.targets.flatMap(({ types: stages }) => lastTypes(stages));
  return MASKS.some((name) => types.includes(name)) || named(file, 'AddMaskCodes') !== undefined;
}

const MASKS = ['PILMask', 'TensorMask'];

function named(file: LearnerFile, name: string): PyValue | undefined {
  return file.dls.afterItem.find((transform) => transformName(transform) === name);
}

/** PointScaler's decoding: -1..1 to the pixels of the model's image, x before y. */
function pointsDecoder(file: LearnerFile): ImageTarget['decode'] {
  const scaled = named(file, 'PointScaler') !== undefined;
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

/** Names of the classes of what left the pipeline at training. */
function lastTypes(stages: PyValue | undefined): string[] {
  const last = asItems(stages)?.at(-1);
  return (Array.isArray(last) ? last : [last]).flatMap((type) =>
    type instanceof PyGlobal ? [type.name] : [],
  );
}

function unsupported(what: string): UnsupportedLearnerError {
  return new UnsupportedLearnerError(
    `The learner predicts ${what}, which cannot be decoded here`,
    'serve its model with a custom runner over its ONNX file',
  );
}
