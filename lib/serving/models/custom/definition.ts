import { noteOf, setNote } from './notes.js';
import type { RunnableTensors } from './tensor-options.js';

/** The note on a class that describes it as a runnable. */
const VTS_RUNNABLE = 'vts:runnable';

/** The note on a prototype that lists its runnable methods. */
const VTS_RUNNABLE_METHODS = 'vts:runnable-methods';

/** A class, with a constructor of any kind. */
// oxlint-disable-next-line no-explicit-any
export type RunnableClass<T extends object = object> = abstract new (...args: any[]) => T;

export interface RunnableMethodDefinition {
  readonly batchable: boolean;
  readonly batchDim: readonly [number, number];
  /** Whether it returns a stream; undefined if only the returned value can tell. */
  readonly stream: boolean | undefined;
  /** Its tensors in the Open Inference Protocol, if the class declares them. */
  readonly tensors?: RunnableTensors;
}

export interface RunnableDefinition {
  readonly name: string;
  readonly workers: number | undefined;
  readonly isolation: 'thread' | 'process' | undefined;
  /** The URL of its module, as the class declares it. */
  readonly module: string | undefined;
  /** The URL of the module that declares it, if the call stack shows it. */
  readonly declaredIn: string | undefined;
  readonly params: unknown;
  readonly methods: ReadonlyMap<string, RunnableMethodDefinition>;
}

export function defineRunnable(target: object, definition: RunnableDefinition): void {
  setNote(VTS_RUNNABLE, target, definition);
}

/** Undefined for other classes. A subclass of a runnable needs its own decorator. */
export function runnableDefinitionOf(target: unknown): RunnableDefinition | undefined {
  return typeof target === 'function' ? noteOf(VTS_RUNNABLE, target) : undefined;
}

export function defineRunnableMethod(
  target: object,
  name: string,
  definition: RunnableMethodDefinition,
): void {
  const own = noteOf<Map<string, RunnableMethodDefinition>>(VTS_RUNNABLE_METHODS, target) ?? [];
  setNote(VTS_RUNNABLE_METHODS, target, new Map([...own, [name, definition]]));
}

export function runnableMethodsOf(target: RunnableClass): Map<string, RunnableMethodDefinition> {
  const methods = new Map<string, RunnableMethodDefinition>();
  for (
    let prototype = target.prototype as object | null;
    prototype !== null && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    const own = noteOf<typeof methods>(VTS_RUNNABLE_METHODS, prototype);
    for (const [name, method] of own ?? []) if (!methods.has(name)) methods.set(name, method);
  }
  return methods;
}
