import { renamedModule } from '../runtime/renamed.js';
import type { Context, Names } from './context.js';
import { ModuleValue, type Globals, type Value } from './values.js';

/** A module outside the closed table, such as a file of the user. */
export type Importer = (module: string) => Value | undefined;

/** What can be imported. */
export class Modules {
  constructor(
    private readonly names: readonly Names[],
    private readonly importer?: Importer,
  ) {}

  resolve(qualifiedName: string): Value | undefined {
    for (const table of this.names) {
      const value = table.resolve(qualifiedName);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  star(from: string, name: string): Value | undefined {
    const module = renamedModule(from);
    for (const table of this.names) {
      const value = table.star?.(module, name);
      if (value !== undefined) return value;
    }
    return this.#isModule(module) ? this.below(module, name) : undefined;
  }

  /** `path.name`: a value of the tables, or a module within the module. */
  below(path: string, name: string): Value | undefined {
    const full = `${path}.${name}`;
    const value = this.resolve(full);
    // None is a value.
    if (value !== undefined) return value;
    return this.#isModule(full) ? new ModuleValue(full) : undefined;
  }

  import(ctx: Context, globals: Globals, name: string, level: number): Value {
    const path = level === 0 ? renamedModule(name) : relative(ctx, globals, name, level);
    if (this.#isModule(path)) return new ModuleValue(path);
    const found = this.resolve(path) ?? this.importer?.(path);
    if (found === undefined) throw ctx.unknown(`the module ${path}`);
    return found;
  }

  #isModule(path: string): boolean {
    return this.names.some((table) => table.isModule(path));
  }
}

/** `from ..a import b`: two levels up from the module of the code. */
function relative(ctx: Context, globals: Globals, name: string, level: number): string {
  const own = globals.get('__package__') ?? parent(globals.get('__name__'));
  const parts = typeof own === 'string' && own !== '' ? own.split('.') : [];
  if (level < 1 || level - 1 > parts.length) {
    throw ctx.raise('ImportError', 'attempted relative import beyond top-level package');
  }
  const base = parts.slice(0, parts.length - level + 1);
  return [...base, ...(name === '' ? [] : [name])].join('.');
}

function parent(name: Value | undefined): string {
  return typeof name === 'string' ? name.slice(0, Math.max(0, name.lastIndexOf('.'))) : '';
}
