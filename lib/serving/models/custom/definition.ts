import { noteOf, setNote } from './notes.js';
import type { RunnableTensors } from './tensor-options.js';

/** Note on a class: what it is as a runnable. */
const VTS_RUNNABLE = 'vts:runnable';

/** Note on a prototype: its runnable methods. */
const VTS_RUNNABLE_METHODS = 'vts:runnable-methods';

/** A class, with a constructor of any kind. */
// oxlint-disable-next-line no-explicit-any
export type RunnableClass<T extends object = object> = abstract new (...args: any[]) => T;

export interface RunnableMethodDefinition {
  readonly batchable: boolean;
  readonly batchDim: readonly [number, number];
  /** Whether it returns a stream; undefined where that is seen only when it has returned. */
  readonly stream: boolean | undefined;
  /** What it takes and gives by the Open Inference Protocol, where the class says so. */
  readonly tensors?: RunnableTensors;
}

export interface RunnableDefinition {
  readonly name: string;
  readonly workers: number | undefined;
  readonly isolation: 'thread' | 'process' | undefined;
  /** The URL of its module, as the class tells it. */
  readonly module: string | undefined;
  /** The URL of the module in which it was declared, as far as the call stack tells. */
  readonly declaredIn: string | undefined;
  readonly params: unknown;
  readonly methods: ReadonlyMap<string, RunnableMethodDefinition>;
}

export function defineRunnable(target: object, definition: RunnableDefinition): void {
  setNote(VTS_RUNNABLE, target, definition);
}

/** Undefined for what is no runnable; a subclass of one has to say so itself. */
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
