import { PyDict, type PyValue } from '../../torch/python.js';
import type { Globals, Value } from '../values.js';

/**
 * The globals of functions that came from one module. Each function brings the names that it uses;
 * an assignment of one function is visible to the others.
 */
export class RecordGlobals implements Globals {
  readonly #set = new Map<string, Value | undefined>();
  /** The dictionary that has a name. Builtins, which none of them has, are looked up often. */
  readonly #owners = new Map<string, PyDict>();

  constructor(private readonly read: (dict: PyDict, name: string) => Value | undefined) {}

  /** The names that a function brings. */
  add(dict: PyValue | undefined): void {
    if (!(dict instanceof PyDict)) return;
    for (const [name] of dict) {
      if (typeof name === 'string' && !this.#owners.has(name)) this.#owners.set(name, dict);
    }
  }

  get(name: string): Value | undefined {
    if (this.#set.has(name)) return this.#set.get(name);
    const owner = this.#owners.get(name);
    return owner && this.read(owner, name);
  }

  set(name: string, value: Value): void {
    this.#set.set(name, value);
  }

  delete(name: string): boolean {
    const had = this.get(name) !== undefined;
    this.#set.set(name, undefined);
    return had;
  }
}
