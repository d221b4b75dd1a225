import type { LearnerDescription } from '../../learner/fastai/contract.js';
import { decodeBody } from '../io/body-text.js';
import { errorOf, InvalidBodyError } from '../io/errors.js';
import type { IoSchema } from '../io/io-descriptor.js';
import { NumpyNdarray } from '../io/numpy-ndarray.js';
import { FILE_MAX_BYTES, type RequestBody } from '../io/request-body.js';
import { InputBody } from './input-body.js';
import { whenLoaded } from './when-loaded.js';

type Shape = LearnerDescription['shape'];

const TEXTS = ['text/csv', 'text/plain'];
const CSV_SCHEMA: IoSchema = {
  type: 'string',
  description: 'Numbers separated by commas, one variable per line, without a header.',
};
const NUMBER: IoSchema = { type: 'number', nullable: true };
/** The number of steps in the example, if a learner takes any number. */
const SOME_STEPS = 8;

/** An array for a learner: nested JSON arrays in which null is a missing value, `.npy` or CSV. */
export class ArrayBody extends InputBody<unknown> {
  readonly mediaType = 'application/json';
  declare readonly schema: IoSchema;
  declare readonly example: unknown;
  override readonly maxBytes = FILE_MAX_BYTES;
  override readonly alternatives: Readonly<Record<string, IoSchema>>;
  readonly #arrays = new NumpyNdarray({ dtype: 'float64', allowNaN: true });

  /** @param shape Throws while the model is not loaded. */
  constructor(shape: () => Shape) {
    super();
    this.alternatives = {
      ...this.#arrays.bodyAlternatives,
      ...Object.fromEntries(TEXTS.map((type) => [type, CSV_SCHEMA])),
    };
    const known = (): IoSchema => arraySchema(whenLoaded(shape));
    Object.defineProperty(this, 'schema', { get: known, enumerable: true });
    const example = (): unknown => arrayExample(shape());
    Object.defineProperty(this, 'example', { get: () => whenLoaded(example), enumerable: true });
  }

  override accepts(mediaType: string | undefined): boolean {
    return this.#arrays.accepts(mediaType) || TEXTS.includes(mediaType ?? '');
  }

  /**
   * The worker reads a text, because the learner knows its shape, and because this thread must stay
   * free.
   */
  parse(body: RequestBody): unknown {
    if (!TEXTS.includes(body.mediaType ?? '')) return this.#arrays.parse(body);
    try {
      return decodeBody(body);
    } catch (fault) {
      throw errorOf(fault, InvalidBodyError, 'Array');
    }
  }
}

function arraySchema(shape: Shape): IoSchema {
  if (!shape) {
    return {
      title: 'Array',
      type: 'array',
      items: { oneOf: [NUMBER, { type: 'array', items: {} }] },
      description: 'Numbers, nested once per dimension; null is a missing number.',
    };
  }
  const array = [...shape].reverse().reduce<IoSchema>((items, size) => {
    const sizes = size === null ? { minItems: 1 } : { minItems: size, maxItems: size };
    return { type: 'array', items, ...sizes };
  }, NUMBER);
  const sizes = shape.map((size) => size ?? 'any').join(', ');
  return {
    title: 'Array',
    ...array,
    description: `Of shape [${sizes}]; null is a missing number.`,
  };
}

/** How many numbers an example has at most. */
const MOST_NUMBERS = 4096;

/** Zeros of the learner's shape. */
function arrayExample(shape: Shape = [null]): unknown {
  const sizes = shape.map((size, axis) => size ?? (axis === shape.length - 1 ? SOME_STEPS : 1));
  if (sizes.reduce((product, size) => product * size, 1) > MOST_NUMBERS) return undefined;
  return sizes.reduceRight<unknown>((inner, size) => Array.from({ length: size }, () => inner), 0);
}
