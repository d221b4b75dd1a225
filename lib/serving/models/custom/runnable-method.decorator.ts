import 'reflect-metadata';
import { InvalidRunnableError } from '../../runner/errors/index.js';
import { defineRunnableMethod } from './definition.js';

const KNOWN = ['batchable', 'batchDim', 'stream'];

/** @publicApi */
export interface RunnableMethodOptions {
  /**
   * Calls may share runs: the method takes the items of several calls put together, arrays or
   * tensors, and returns as many rows. How large batches get, and how long they may take, say the
   * runner's `batching` options.
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
   * @default known of generator methods, and of those with an Observable as their declared type
   */
  stream?: boolean;
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
        `@RunnableMethod is on ${String(key)}, which is no method of its instances`,
        'put it on one',
      );
    }
    for (const option of Object.keys(options)) {
      if (!KNOWN.includes(option)) {
        refuse(`"${option}" is no option of @RunnableMethod`, `use ${KNOWN.join(', ')}`);
      }
    }
    for (const option of ['batchable', 'stream'] as const) {
      const value = options[option];
      if (value !== undefined && typeof value !== 'boolean') {
        refuse(`${option} of ${key}() is ${String(value)}`, 'use true or false');
      }
    }
    const dims: readonly number[] = typeof batchDim === 'number' ? [batchDim, batchDim] : batchDim;
    if (!Array.isArray(dims) || dims.length !== 2 || !dims.every(isDim)) {
      refuse(
        `batchDim of ${key}() is ${JSON.stringify(batchDim)}`,
        'use a whole number of 0 or more, or one for the input and one for the output',
      );
    }
    const stream = options.stream ?? returnsStream(target, key, method);
    if (batchable && stream === true) {
      refuse(`${key}() returns a stream, and streams do not share runs`, 'leave batchable out');
    }
    const [input = 0, output = 0] = dims;
    defineRunnableMethod(target, key, { batchable, batchDim: [input, output], stream });
  };
}

function isDim(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

/** Undefined where neither the kind of function nor the type that the compiler left tells it. */
function returnsStream(target: object, key: string, method: object): boolean | undefined {
  const kind = Object.prototype.toString.call(method);
  if (kind === '[object AsyncGeneratorFunction]' || kind === '[object GeneratorFunction]') {
    return true;
  }
  if (kind === '[object AsyncFunction]') return false;
  const declared: unknown = Reflect.getMetadata('design:returntype', target, key);
  if (typeof declared !== 'function' || declared === Object) return undefined;
  const { prototype } = declared as { prototype?: object };
  return prototype !== undefined && 'subscribe' in prototype && 'pipe' in prototype;
}
