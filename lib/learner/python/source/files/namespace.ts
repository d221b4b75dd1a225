import type { Context } from '../../context.js';
import { PyException } from '../../exceptions.js';
import { HostObject } from '../../host.js';
import { CodeBudgetError } from '../../errors.js';
import { VtsError } from '../../../errors/index.js';
import {
  Builtin,
  ClassValue,
  Func,
  MethodWrapper,
  ModuleValue,
  PropertyValue,
  type Globals,
  type Value,
} from '../../values.js';
import type { Condition, Item } from './items.js';
import type { SourceFile } from './source-file.js';

/** What a namespace uses of the other files. */
export interface Surroundings {
  /** `from module import *`: the name in the module, of a file or a table. */
  star(module: string, name: string): Value | undefined;
  /** Called when a class of a file is made; records where. */
  made(cls: ClassValue, from: Namespace, name: string): void;
  /** Applies all changes to a class and its bases, from every file. */
  complete(cls: ClassValue): void;
}

const NEVER = Number.POSITIVE_INFINITY;

/**
 * The global names of a file. A name is resolved when it is needed: the last statement that assigns
 * it is evaluated on its own, followed by those that change its value. During the evaluation of a
 * statement, names have their values from above it.
 */
export class Namespace implements Globals {
  /** Values that running functions assigned through `global`. */
  readonly #assigned = new Map<string, Value | undefined>();
  readonly #values = new Map<Item, ReadonlyMap<string, Value>>();
  readonly #changed = new Set<Item>();
  readonly #running = new Set<Item>();
  readonly #conditions = new Map<Condition, boolean>();
  #now = NEVER;
  #sink: Map<string, Value> | undefined;

  constructor(
    private readonly ctx: Context,
    readonly file: SourceFile,
    /** `__main__`, or the module's name. */
    readonly name: string,
    private readonly around: Surroundings,
  ) {}

  get(name: string): Value | undefined {
    if (name === '__name__') return this.name;
    if (name === '__package__') {
      return this.file.isPackage ? this.name : this.name.split('.').slice(0, -1).join('.');
    }
    if (this.#assigned.has(name)) return this.#assigned.get(name);
    // A statement sees its own assignments.
    const own = this.#sink?.get(name);
    if (own !== undefined) return own;
    // A name that is only defined below comes from an earlier run of its cell.
    const value =
      this.#at(name, this.#now) ?? (this.#now < NEVER ? this.#at(name, NEVER) : undefined);
    if (value instanceof ClassValue && this.#now === NEVER) this.around.complete(value);
    if (value === undefined) {
      const broken = this.file.brokenDefinition(name);
      if (broken) throw broken;
    }
    return value;
  }

  set(name: string, value: Value): void {
    if (this.#sink) this.#sink.set(name, value);
    else this.#assigned.set(name, value);
  }

  delete(name: string): boolean {
    const known = this.get(name) !== undefined;
    this.#sink?.delete(name);
    this.#assigned.set(name, undefined);
    return known;
  }

  #at(name: string, time: number): Value | undefined {
    const { items } = this.file;
    const later: Item[] = [];
    for (let at = Math.min(time, items.length) - 1; at >= 0; at--) {
      const item = items[at]!;
      this.ctx.budget.step();
      if (item.star) {
        const value = this.#holds(item) ? this.#star(item, name) : undefined;
        if (value !== undefined) return value;
      } else if (item.binds.has(name) && this.#holds(item) && !this.#running.has(item)) {
        if (!item.augments) return this.#changedBy(name, item, later.reverse());
        later.push(item);
      } else if (item.changes(name, true)) later.push(item);
    }
    return undefined;
  }

  #star(item: Item, name: string): Value | undefined {
    if (name.startsWith('_')) return undefined;
    const { level, module } = item.star!;
    return this.around.star(this.#absolute(level, module), name);
  }

  #absolute(level: number, module: string): string {
    if (level === 0) return module;
    const parts = this.name.split('.');
    const base = parts.slice(0, parts.length - level + (this.file.isPackage ? 1 : 0));
    return [...base, ...(module === '' ? [] : [module])].join('.');
  }

  #changedBy(name: string, definition: Item, later: readonly Item[]): Value | undefined {
    let value = this.#evaluated(definition).get(name);
    const calls = value instanceof Object && !isFixed(value);
    for (const item of later) {
      const binds = item.binds.has(name);
      if (!(binds || item.changes(name, calls)) || this.#running.has(item) || !this.#holds(item)) {
        continue;
      }
      if (binds) value = this.#evaluated(item).get(name) ?? value;
      else if (item.patch) this.#patch(item, value);
      else if (!this.#changed.has(item)) {
        this.#changed.add(item);
        this.#run(item);
      }
    }
    return value;
  }

  #evaluated(item: Item): ReadonlyMap<string, Value> {
    const known = this.#values.get(item);
    if (known) return known;
    const values = this.#run(item);
    this.#values.set(item, values);
    for (const [name, value] of values) {
      if (item.statement.type === 'ClassDef' && value instanceof ClassValue) {
        this.around.made(value, this, name);
      }
    }
    return values;
  }

  #run(item: Item): Map<string, Value> {
    const sink = new Map<string, Value>();
    this.#during(item, item.index, sink, () => this.#call(new Func(item.code, this)));
    return sink;
  }

  #call(func: Func): Value {
    func.attrs.set('__module__', this.name);
    return this.ctx.call(func, []);
  }

  #during(
    item: Item | undefined,
    time: number,
    sink: Map<string, Value> | undefined,
    run: () => void,
  ) {
    const before = [this.#now, this.#sink] as const;
    if (item) this.#running.add(item);
    [this.#now, this.#sink] = [time, sink];
    try {
      run();
    } finally {
      [this.#now, this.#sink] = before;
      if (item) this.#running.delete(item);
    }
  }

  /** All learners share the classes of the tables, so patches of them are not applied. */
  #patch(item: Item, cls: Value | undefined): void {
    if (!(cls instanceof ClassValue) || cls.native || this.#changed.has(item)) return;
    this.#changed.add(item);
    const { as, definition } = item.patch!;
    const func = this.#run(item).get(definition.name);
    if (func === undefined) return;
    if (func instanceof Func) func.qualname = `${cls.name}.${definition.name}`;
    const attribute =
      as === 'method'
        ? func
        : as === 'property'
          ? new PropertyValue(func)
          : new MethodWrapper('class', func);
    cls.attrs.set(definition.name, attribute);
  }

  #holds(item: Item): boolean {
    return item.conditions.every((condition) => this.#is(condition) === condition.wanted);
  }

  #is(condition: Condition): boolean {
    let known = this.#conditions.get(condition);
    if (known === undefined) {
      // A condition that depends on itself, through a name that it decides, does not hold.
      this.#conditions.set(condition, !condition.wanted);
      known =
        condition.kind === 'test'
          ? this.#test(condition)
          : condition.items.every((item) => this.#imports(item));
      this.#conditions.set(condition, known);
    }
    return known;
  }

  #test({ code, index }: Extract<Condition, { readonly kind: 'test' }>): boolean {
    let value: Value = null;
    this.#during(undefined, index, undefined, () => {
      value = this.#call(new Func(code, this));
    });
    return this.ctx.truth(value);
  }

  #imports(item: Item): boolean {
    if (item.star) return true;
    const { depth } = this.ctx.budget;
    try {
      this.#evaluated(item);
      return true;
    } catch (error) {
      const failed = error instanceof VtsError || error instanceof PyException;
      if (!failed || error instanceof CodeBudgetError) throw error;
      this.ctx.budget.backTo(depth);
      return false;
    }
  }
}

/** Whether calls of its methods leave it unchanged, or do not matter here. */
function isFixed(value: Value): boolean {
  return (
    value instanceof ClassValue ||
    value instanceof Func ||
    value instanceof Builtin ||
    value instanceof ModuleValue
  );
}

/** A file as a module: `utils.Net`. */
export class FileModule extends HostObject {
  readonly typeName = 'module';

  constructor(
    readonly path: string,
    private readonly namespace: Namespace | undefined,
    private readonly within: (path: string) => Value | undefined,
  ) {
    super();
  }

  override getAttr(name: string): Value | undefined {
    if (!/^[\p{L}\p{N}_]+$/u.test(name)) return undefined;
    return this.namespace?.get(name) ?? this.within(`${this.path}.${name}`);
  }

  override repr(): string {
    return `<module '${this.path}'>`;
  }
}
