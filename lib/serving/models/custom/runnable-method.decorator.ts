import { InvalidRunnableError } from '../errors.js';
import { checkOptions, isFlag, valueThat, type OptionTable } from '../../options.js';
import { defineRunnableMethod } from './definition.js';
import { typeNote } from './notes.js';
import { tensorsCheck, type RunnableTensors } from './tensor-options.js';

const bareFlag = valueThat(isFlag, 'use true or false', String);

const OPTIONS: OptionTable<RunnableMethodOptions> = {
  batchable: bareFlag,
  batchDim: valueThat(
    isDims,
    'use a whole number of 0 or more, or one for the input and one for the output',
  ),
  stream: bareFlag,
  tensors: tensorsCheck,
};

/** @publicApi */
export interface RunnableMethodOptions {
  /**
   * Calls may share runs: the method takes the items of several calls put together, arrays or
   * tensors, and returns as many rows. The runner's `batching` options limit the size of batches
   * and the time that calls may take.
   *
   * @default false
   */
  batchable?: boolean;
  /**
   * The dimension of the rows in the inputs and outputs, for tensors; arrays have their rows in the
   * first.
   *
   * @default 0
   */
  batchDim?: number | readonly [input: number, output: number];
  /**
   * The method returns a stream: an Observable or an async iterable.
   *
   * @default detected for generator methods, and for those declared to return an Observable
   */
  stream?: boolean;
  /**
   * What the method takes and gives by the Open Inference Protocol. It is then called with the
   * tensors by name, and with one alone where there is one: a `Tensor` of onnxruntime, of type
   * `string` for BYTES, or `Uint8Array[]` where its `bytes` is true. It returns the outputs by name, or
   * one alone: `Tensor`s, or typed arrays and lists of texts or bytes that fill the shape.
   *
   * @default JSON: each element of `input`, BYTES [n], is an item, and each of `output` a result
   */
  tensors?: RunnableTensors;
}

/**
 * Makes a method of a {@link Runnable} class callable through its runner. It takes one item, and a
 * {@link RunnableContext} if it wants to. Items and results are plain data, typed arrays and
 * tensors, where the runnable runs in workers: they are copied.
 *
 * @throws InvalidRunnableError where the class is declared.
 *
 * @example
 * \@RunnableMethod({ batchable: true })
 * async classify(texts: string[]): Promise<Label[]> { … }
 *
 * \@RunnableMethod({
 *   tensors: {
 *     inputs: [{ name: 'INPUT0', datatype: 'INT32', shape: [-1, 16] }],
 *     outputs: [{ name: 'OUTPUT0', datatype: 'INT32', shape: [-1, 16] }],
 *   },
 * })
 * double({ data, dims }: Tensor): Tensor { … }
 *
 * @publicApi
 */
export function RunnableMethod(options: RunnableMethodOptions = {}) {
  return <Method extends (item: never, ...rest: never[]) => unknown>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    const { batchable = false, batchDim = 0 } = options;
    const refuse = (fact: string, remedy: string): never => {
      throw new InvalidRunnableError(target.constructor.name, fact, remedy);
    };
    const method = descriptor?.value;
    if (typeof target === 'function' || typeof key === 'symbol' || typeof method !== 'function') {
      return refuse(
        `@RunnableMethod is on ${String(key)}, which is not a method of its instances`,
        'put it on one',
      );
    }
    checkOptions(OPTIONS, options, (option, fact, remedy) =>
      refuse(`${option} of ${key}() ${fact}`, remedy),
    );
    const stream = options.stream ?? returnsStream(target, key, method);
    if (options.tensors && stream === true) {
      refuse(`${key}() returns a stream, which tensors do not hold`, 'leave tensors out');
    }
    if (batchable && stream === true) {
      refuse(`${key}() returns a stream, and streams do not share runs`, 'leave batchable out');
    }
    const dims = typeof batchDim === 'number' ? ([batchDim, batchDim] as const) : batchDim;
    const { tensors } = options;
    defineRunnableMethod(target, key, {
      batchable,
      batchDim: [...dims],
      stream,
      ...(tensors && { tensors }),
    });
  };
}

function isDims(value: unknown): boolean {
  const dims: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  return dims.length === 2 && dims.every((dim) => Number.isInteger(dim) && (dim as number) >= 0);
}

/** Undefined where neither the kind of function nor the type that the compiler left tells it. */
function returnsStream(target: object, key: string, method: object): boolean | undefined {
  const kind = Object.prototype.toString.call(method);
  if (kind === '[object AsyncGeneratorFunction]' || kind === '[object GeneratorFunction]') {
    return true;
  }
  if (kind === '[object AsyncFunction]') return false;
  const declared: unknown = typeNote('design:returntype', target, key);
  if (typeof declared !== 'function' || declared === Object) return undefined;
  const { prototype } = declared as { prototype?: object };
  return prototype !== undefined && 'subscribe' in prototype && 'pipe' in prototype;
}
