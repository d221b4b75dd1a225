import { Tensor } from 'onnxruntime-common';
import { MediaTypes } from './accept.js';
import { checkArrayOptions } from './array-options.js';
import { bytesOf as bodyBytes, readJson } from './body-text.js';
import {
  errorOf,
  Fault,
  InvalidBodyError,
  InvalidDescriptorError,
  InvalidOutputError,
  NotAcceptableError,
} from './errors.js';
import { ndarrayPieces } from './ndarray/pieces.js';
import { wholeOrPieces } from './pieces.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import { bytesOf, fitsRaw, readRaw, type BinaryArray } from './ndarray/binary.js';
import { DTYPES, type NdarrayDType } from './ndarray/dtypes.js';
import { checkShape, reshaped } from './ndarray/nested.js';
import { readNpy, writeNpy } from './ndarray/npy.js';
import { convertElements, positionOf, readNested } from './ndarray/read.js';
import { cast, elementsOf, toJson, type Elements, type NdarrayOutput } from './ndarray/write.js';
import { FILE_MAX_BYTES, type RequestBody } from './request-body.js';

const JSON_TYPE = 'application/json';
const NPY = 'application/x-npy';
const RAW = 'application/octet-stream';
const BINARY: IoSchema = { type: 'string', format: 'binary' };
const OUT = new MediaTypes([JSON_TYPE, NPY, RAW]);

/** @publicApi */
export interface NumpyNdarrayOptions {
  /** The type of the elements. @default in: float32; out: the type of the returned value */
  dtype?: NdarrayDType;
  /** The size of each dimension; -1 for any. @default any shape */
  shape?: readonly number[];
  /**
   * In: refuse elements that do not have the dtype, such as 1.5 or true for an int64. By default
   * they are cast as in numpy: 1.5 becomes 1, true becomes 1. Out: refuse arrays that numpy's
   * `same_kind` rule cannot cast.
   *
   * @default false
   */
  enforceDtype?: boolean;
  /** Refuse arrays of another shape, instead of reshaping where possible. @default false */
  enforceShape?: boolean;
  /**
   * For float arrays. In: read null as NaN, and accept NaN and the infinities in binary arrays.
   * Out: send null for them, and in binary arrays the values themselves. With false, they are a
   * fault of the service, and the OpenAPI document promises numbers, so generated clients need not
   * expect null.
   *
   * @default in: false; out: true
   */
  allowNaN?: boolean;
  /** Largest body in bytes. @default 20971520 (20 MiB) */
  maxBytes?: number;
}

/**
 * Numbers as nested JSON arrays (`application/json`); in code a `Tensor`, and for outputs also
 * typed arrays and nested arrays.
 *
 * In: a ragged array, or an element that does not fit the dtype (strings, null, numbers beyond its
 * range), is a 400 that names the position. The words NaN and Infinity, which JSON lacks, are a 400 too;
 * null means NaN only with `allowNaN`. 64-bit integers keep all their digits. Out: NaN and the
 * infinities become null, unless `allowNaN` is false. Floats keep the digits of a double, so
 * float32 0.1 is printed as 0.10000000149011612. An output that breaks the contract is a 500, with
 * the reason in the log.
 *
 * Binary, in by the content type and out by `Accept`, in two formats. `application/x-npy` is
 * numpy's own file (`numpy.save`): versions 1 to 3, any byte order, row-major or column-major.
 * Objects, strings, records, complex numbers and dates are a 400. `application/octet-stream` holds
 * only the elements, little endian and row-major. As input it needs a descriptor with a dtype and a
 * shape with at most one -1. Binary arrays are cast, reshaped and refused like JSON; NaN and the
 * infinities need `allowNaN`. Out: every number unchanged, float32 in four bytes. With the dtype
 * `string`, only JSON is possible, else a 406. An `Accept` that names none of the three gets JSON.
 *
 * @example
 * new NumpyNdarray({ dtype: 'float32', shape: [-1, 4], enforceShape: true })
 *
 * @publicApi
 */
export class NumpyNdarray extends IoDescriptor<Tensor, NdarrayOutput> {
  readonly mediaType = JSON_TYPE;
  readonly schema: IoSchema;
  override readonly outputSchema: IoSchema;
  override readonly bodyAlternatives: Readonly<Record<string, IoSchema>>;
  override readonly outputAlternatives: Readonly<Record<string, IoSchema>>;
  override readonly refusesAccept: boolean;
  override readonly example: unknown;
  override readonly maxBytes: number;

  /** @throws InvalidDescriptorError for options that do not fit together. */
  constructor(
    private readonly options: NumpyNdarrayOptions = {},
    sample?: Elements,
  ) {
    super();
    checkArrayOptions('NumpyNdarray', options, Object.keys(DTYPES));
    this.maxBytes = options.maxBytes ?? FILE_MAX_BYTES;
    this.refusesAccept = options.dtype === 'string';
    this.outputAlternatives = this.refusesAccept ? {} : { [NPY]: BINARY, [RAW]: BINARY };
    const raw = fitsRaw(options.dtype, options.shape);
    this.bodyAlternatives = { [NPY]: BINARY, ...(raw ? { [RAW]: BINARY } : {}) };
    this.example = sample === undefined ? undefined : JSON.parse(toJson(sample));
    this.schema = schemaOf(options, options.allowNaN === true);
    this.outputSchema = schemaOf(options, options.allowNaN !== false);
  }

  /**
   * A descriptor with the dtype and shape of this array, which is the example in the OpenAPI
   * document. Plain numbers count as float32. Neither is enforced by default, as in BentoML.
   */
  static fromSample(sample: NdarrayOutput, options: NumpyNdarrayOptions = {}): NumpyNdarray {
    let elements: Elements;
    try {
      elements = elementsOf(sample);
    } catch (fault) {
      const remedy = 'give a tensor, a typed array or nested arrays of numbers';
      throw errorOf(fault, InvalidDescriptorError, 'NumpyNdarray.fromSample', remedy);
    }
    const plain = Array.isArray(sample) && elements.dtype === 'float64';
    const dtype = plain ? 'float32' : elements.dtype;
    return new NumpyNdarray({ dtype, shape: elements.dims, ...options }, elements);
  }

  override accepts(mediaType: string | undefined): boolean {
    return super.accepts(mediaType) || Object.hasOwn(this.bodyAlternatives, mediaType as string);
  }

  parse(body: RequestBody): Tensor {
    const { dtype = 'float32', shape, enforceDtype = false, allowNaN = false } = this.options;
    try {
      const binary = this.#binary(body, dtype);
      if (binary !== undefined) {
        const data = convertElements(binary, { dtype, enforce: enforceDtype, allowNaN });
        return new Tensor(dtype as 'float32', data as Float32Array, this.#shape(binary.dims));
      }
      // A number that is too large is refused later, with its position.
      const wide = dtype === 'int64' || dtype === 'uint64';
      const value = readJson(body, { wide, finite: false });
      if (!Array.isArray(value) && shape?.length !== 0) {
        throw new Fault('the body is not an array', 'send nested JSON arrays');
      }
      const { data, dims } = readNested(value, { dtype, enforce: enforceDtype, allowNaN });
      return new Tensor(dtype as 'float32', data as Float32Array, this.#shape(dims));
    } catch (fault) {
      throw errorOf(fault, InvalidBodyError, 'NumpyNdarray', `send an array of ${dtype}`);
    }
  }

  serialize(value: NdarrayOutput, accept?: string): ResponsePayload {
    try {
      const given = elementsOf(value);
      const dims = this.#shape(given.dims);
      const { dtype, values } = this.#cast(given);
      if (this.options.allowNaN === false) checkFinite({ dtype, dims, values });
      const type = OUT.chosenBy(accept);
      if (type !== JSON_TYPE && this.refusesAccept) {
        const fact = `strings cannot be sent as ${type}`;
        throw new NotAcceptableError('NumpyNdarray', fact, [JSON_TYPE]);
      }
      if (type === JSON_TYPE || dtype === 'string') {
        const body = wholeOrPieces(ndarrayPieces({ dtype, dims, values }));
        return { contentType: 'application/json; charset=utf-8', body };
      }
      if (type === NPY) return { contentType: NPY, body: writeNpy(dtype, dims, values) };
      return { contentType: RAW, body: bytesOf(dtype, values) };
    } catch (fault) {
      const remedy = 'return a tensor, a typed array or nested arrays of numbers';
      throw errorOf(fault, InvalidOutputError, 'NumpyNdarray', remedy);
    }
  }

  /** A binary array; undefined for JSON. */
  #binary(body: RequestBody, dtype: NdarrayDType): BinaryArray | undefined {
    if (body.mediaType === NPY) return readNpy(bodyBytes(body, 'NumpyNdarray'));
    if (body.mediaType !== RAW) return undefined;
    return readRaw(bodyBytes(body, 'NumpyNdarray'), dtype, this.options.shape ?? []);
  }

  #cast(elements: Elements): Elements {
    const { dtype, enforceDtype } = this.options;
    if (dtype === undefined) return elements;
    const converted = cast(elements, dtype);
    if (converted === undefined && enforceDtype) {
      throw new Fault(
        `expecting an array of dtype ${dtype}, but got ${elements.dtype}`,
        'convert it, or declare its dtype',
      );
    }
    return converted ?? elements;
  }

  #shape(dims: readonly number[]): readonly number[] {
    const { shape } = this.options;
    checkShape('an array', dims, this.options);
    return (shape && reshaped(dims, shape)) ?? dims;
  }
}

/** @throws Fault */
function checkFinite({ dtype, dims, values }: Elements): void {
  if (DTYPES[dtype].kind !== 'float') return;
  for (let index = 0; index < values.length; index++) {
    if (Number.isFinite(values[index])) continue;
    const fact = `${positionOf(index, dims)} is ${String(values[index])}`;
    throw new Fault(fact, 'return finite numbers, or leave allowNaN out');
  }
}

function schemaOf(options: NumpyNdarrayOptions, nan: boolean): IoSchema {
  const { dtype, shape, enforceShape } = options;
  const info = dtype && DTYPES[dtype];
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
