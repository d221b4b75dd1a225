import { Tensor } from 'onnxruntime-common';
import {
  InvalidBodyError,
  InvalidDescriptorError,
  InvalidOutputError,
  UnsupportedBodyError,
} from './errors.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import { dtypeInfo, DTYPES, type NdarrayDType } from './ndarray/dtypes.js';
import { fits, NestingFault, reshaped, shapeText } from './ndarray/nested.js';
import { parseJson, readNested } from './ndarray/read.js';
import { cast, elementsOf, toJson, type Elements, type NdarrayOutput } from './ndarray/write.js';
import type { RequestBody } from './request-body.js';

const DEFAULT_MAX_BYTES = 20 * 1024 * 1024;

/** @publicApi */
export interface NumpyNdarrayOptions {
  /** Type of the elements. @default in: float32; out: the type of what is returned */
  dtype?: NdarrayDType;
  /** Size of each dimension; -1 for any. @default any shape */
  shape?: readonly number[];
  /**
   * In: refuse elements that are not of the dtype already: 1.5 or true for an int64. Without it
   * they are cast as numpy casts them (1.5 gives 1, true gives 1). Out: refuse what cannot be cast
   * within numpy's `same_kind`.
   *
   * @default false
   */
  enforceDtype?: boolean;
  /**
   * Refuse arrays of another shape. Without it they are reshaped where that is possible.
   *
   * @default false
   */
  enforceShape?: boolean;
  /** In: take null for NaN in arrays of floats. @default false */
  allowNaN?: boolean;
  /** Largest body in bytes. @default 20971520 (20 MiB) */
  maxBytes?: number;
}

/**
 * Numbers as nested JSON arrays (`application/json`); in code a `Tensor`, and for outputs also
 * typed arrays and nested arrays.
 *
 * In: an array that is ragged, or has an element which does not fit the dtype (strings, null,
 * numbers beyond its range), is a 400 that names the position; so are the words NaN and Infinity,
 * which JSON does not have, and null is NaN with `allowNaN` only. 64-bit integers keep all their
 * digits. Out: NaN and the infinities become null; floats keep the digits of a double, so float32
 * 0.1 is printed as 0.10000000149011612; an output that breaks the contract is a 500, with the
 * reason in the log.
 *
 * @example
 * new NumpyNdarray({ dtype: 'float32', shape: [-1, 4], enforceShape: true })
 *
 * @publicApi
 */
export class NumpyNdarray extends IoDescriptor<Tensor, NdarrayOutput> {
  readonly mediaType = 'application/json';
  readonly schema: IoSchema;
  override readonly outputSchema: IoSchema;
  override readonly example: unknown;
  override readonly maxBytes: number;

  /** @throws InvalidDescriptorError for options that do not fit together. */
  constructor(
    private readonly options: NumpyNdarrayOptions = {},
    sample?: Elements,
  ) {
    super();
    check(options);
    this.maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.example = sample === undefined ? undefined : JSON.parse(toJson(sample));
    this.schema = schemaOf(options, options.allowNaN === true);
    this.outputSchema = schemaOf(options, true);
  }

  /**
   * A descriptor with the dtype, the shape and, in the OpenAPI document, the example of this array.
   * Arrays of plain numbers count as float32. As in BentoML the dtype and the shape are not
   * enforced, unless options say so.
   */
  static fromSample(sample: NdarrayOutput, options: NumpyNdarrayOptions = {}): NumpyNdarray {
    let elements: Elements;
    try {
      elements = elementsOf(sample);
    } catch (fault) {
      if (!(fault instanceof NestingFault)) throw fault;
      throw new InvalidDescriptorError(
        'NumpyNdarray.fromSample',
        `the sample is no array: ${fault.fact}`,
        'give a tensor, a typed array or nested arrays of numbers',
      );
    }
    const plain = Array.isArray(sample) && elements.dtype === 'float64';
    const dtype = plain ? 'float32' : elements.dtype;
    return new NumpyNdarray({ dtype, shape: elements.dims, ...options }, elements);
  }

  parse({ bytes, parsed, charset = 'utf-8' }: RequestBody): Tensor {
    const { dtype = 'float32', shape, enforceDtype = false, allowNaN = false } = this.options;
    if (charset !== 'utf-8' && charset !== 'utf8') {
      throw new UnsupportedBodyError('charset', charset, 'UTF-8, as JSON always is');
    }
    const value = bytes === undefined ? parsed : parseBytes(bytes, dtype);
    if (!Array.isArray(value) && shape?.length !== 0) {
      throw refusal('the body is no array', 'send nested JSON arrays');
    }
    const { data, dims } = faultsAs(
      (fact) => refusal(fact, `send an array of ${dtype}`),
      () => readNested(value, { dtype, enforce: enforceDtype, allowNaN }),
    );
    return new Tensor(dtype as 'float32', data as Float32Array, this.#shape(dims, refusal));
  }

  serialize(value: NdarrayOutput): ResponsePayload {
    const refuse = (fact: string, remedy: string): Error =>
      new InvalidOutputError('NumpyNdarray', fact, remedy);
    const given = faultsAs(
      (fact) => refuse(fact, 'return a tensor, a typed array or nested arrays of numbers'),
      () => elementsOf(value),
    );
    const dims = this.#shape(given.dims, refuse);
    return {
      contentType: 'application/json; charset=utf-8',
      body: toJson({ ...this.#cast(given), dims }),
    };
  }

  #cast(elements: Elements): Elements {
    const { dtype, enforceDtype } = this.options;
    if (dtype === undefined) return elements;
    const converted = cast(elements, dtype);
    if (converted === undefined && enforceDtype) {
      throw new InvalidOutputError(
        'NumpyNdarray',
        `expecting an array of dtype ${dtype}, but it is of ${elements.dtype}`,
        'convert it, or declare its dtype',
      );
    }
    return converted ?? elements;
  }

  #shape(
    dims: readonly number[],
    refuse: (fact: string, remedy: string) => Error,
  ): readonly number[] {
    const { shape, enforceShape } = this.options;
    if (shape === undefined || fits(dims, shape)) return dims;
    if (enforceShape) {
      throw refuse(
        `expecting an array of shape ${shapeText(shape)}, but it is of ${shapeText(dims)}`,
        'send one of that shape; -1 stands for any size',
      );
    }
    return reshaped(dims, shape) ?? dims;
  }
}

function parseBytes(bytes: Uint8Array, dtype: NdarrayDType): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refusal('the body is not valid UTF-8', 'send JSON');
  }
  try {
    return parseJson(text, dtype);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw refusal(`the body is not valid JSON (${reason})`, 'send nested JSON arrays');
  }
}

function refusal(fact: string, remedy: string): InvalidBodyError {
  return new InvalidBodyError('NumpyNdarray', fact, remedy);
}

/** Runs a reader whose faults know no descriptor, and gives them one. */
function faultsAs<T>(error: (fact: string) => Error, read: () => T): T {
  try {
    return read();
  } catch (fault) {
    throw fault instanceof NestingFault ? error(fault.fact) : fault;
  }
}

function check(options: NumpyNdarrayOptions): void {
  const { dtype, shape, enforceDtype, enforceShape } = options;
  const refuse = (fact: string, remedy: string): never => {
    throw new InvalidDescriptorError('NumpyNdarray', fact, remedy);
  };
  if (dtype !== undefined && !DTYPES.has(dtype)) {
    refuse(`"${String(dtype)}" is no dtype`, `use one of ${[...DTYPES.keys()].join(', ')}`);
  }
  if (shape?.some((size) => !Number.isInteger(size) || size < -1)) {
    refuse(`${shapeText(shape)} is no shape`, 'use whole numbers, and -1 for any size');
  }
  if (enforceDtype && dtype === undefined)
    refuse('enforceDtype has no dtype to enforce', 'add dtype');
  if (enforceShape && shape === undefined)
    refuse('enforceShape has no shape to enforce', 'add shape');
}

function schemaOf(options: NumpyNdarrayOptions, nan: boolean): IoSchema {
  const { dtype, shape, enforceShape } = options;
  const info = dtype === undefined ? undefined : dtypeInfo(dtype);
  const type: IoSchema = info?.schema ?? { type: 'number' };
  const leaf =
    nan && (info === undefined || info.kind === 'float') ? { ...type, nullable: true } : type;
  if (shape === undefined) {
    return {
      type: 'array',
      items: { oneOf: [leaf, { type: 'array', items: {} }] },
      description: 'An array, nested once per dimension.',
    };
  }
  return [...shape].reverse().reduce<IoSchema>((items, size) => {
    const fixed = enforceShape === true && size >= 0 ? { minItems: size, maxItems: size } : {};
    return { type: 'array', items, ...fixed };
  }, leaf);
}
