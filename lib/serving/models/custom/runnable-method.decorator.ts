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
   * Calls may be batched: the method takes the combined items of several calls, arrays or tensors,
   * and returns as many rows. The runner's `batching` options limit the size of batches and the
   * latency of calls.
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
   * The inputs and outputs of the method in the Open Inference Protocol. The method then takes an
   * object of tensors by name, or the tensor itself if there is only one: an onnxruntime `Tensor`,
   * of type `string` for BYTES, or `Uint8Array[]` if `bytes` is true. It returns an object of
   * outputs by name, or the output itself if there is only one: `Tensor`s, or typed arrays and
   * lists of strings or bytes that fill the shape.
   *
   * @default JSON: each element of `input`, BYTES [n], is an item, and each of `output` a result
   */
  tensors?: RunnableTensors;
}

/**
 * Makes a method of a {@link Runnable} class callable through its runner. The method takes one
 * item, and optionally a {@link RunnableContext}. If the runnable runs in workers, items and
 * results are copied, and must be plain data, typed arrays or tensors.
 *
 * @throws InvalidRunnableError when the class is declared.
 *
 * @example
 * \@RunnableMethod({ batchable: true }) async classify(texts: string[]): Promise<Label[]> { … }
 *
 * \@RunnableMethod({ tensors: { inputs: [{ name: 'INPUT0', datatype: 'INT32', shape: [-1, 16] }],
 * outputs: [{ name: 'OUTPUT0', datatype: 'INT32', shape: [-1, 16] }], }, }) double({ data, dims }:
 * Tensor): Tensor { … }
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
        `@RunnableMethod is on ${String(key)}, which is not an instance method`,
        'put it on an instance method',
      );
    }
    checkOptions(OPTIONS, options, (option, fact, remedy) =>
      refuse(`${option} of ${key}() ${fact}`, remedy),
    );
    const stream = options.stream ?? returnsStream(target, key, method);
    if (options.tensors && stream === true) {
      refuse(`${key}() returns a stream, which tensors cannot hold`, 'leave tensors out');
    }
    if (batchable && stream === true) {
      refuse(`${key}() returns a stream, and streams cannot be batched`, 'leave batchable out');
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

/** Undefined if neither the kind of function nor the type noted by the compiler tells. */
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
