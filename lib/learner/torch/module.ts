import type { CodeSources } from '../python/code-source.js';
import { ModuleTreeError, UnreadableTensorError } from './errors.js';
import { PyDict, PyObject, type PyValue } from './python.js';
import { Tensor } from './tensor.js';

/** Real trees are a few dozen levels deep; a file may nest modules endlessly. */
const DEEPEST = 500;
/** A shared module counts once for each place: it may itself hold shared modules. */
const MOST_MODULES = 50_000;

/**
 * Modules whose `_modules` are rebuilt from their state, without the attributes that torch keeps in
 * each module.
 */
const MADE_ANEW = new Set(['einops.layers.torch.Rearrange', 'einops.layers.torch.Reduce']);
const NO_CHILDREN = new PyDict();
/** Torch 2.7 and later write a compiled module as a call with the module that was compiled. */
const COMPILED = 'torch._dynamo.eval_frame.OptimizedModule';

function childrenOf(record: PyObject): PyDict | undefined {
  const modules = record.attr('_modules');
  if (modules instanceof PyDict) return modules;
  const [compiled] = record.args;
  if (record.className === COMPILED && compiled instanceof PyObject) {
    return PyDict.from([['_orig_mod', compiled]]);
  }
  return MADE_ANEW.has(record.className) ? NO_CHILDREN : undefined;
}

/** Whether the record is an `nn.Module`. */
export const isModuleRecord = (record: PyObject): boolean => childrenOf(record) !== undefined;

interface Walk {
  readonly ancestors: Set<PyObject>;
  count: number;
}

/** An `nn.Module` of the file. */
export class Module {
  private constructor(
    /** Dotted path from the root, as `named_modules()` gives it; '' for the root. */
    readonly path: string,
    /** `module.name` of the class, e.g. `torch.nn.modules.linear.Linear`. */
    readonly className: string,
    readonly record: PyObject,
    readonly parameters: ReadonlyMap<string, Tensor | null>,
    readonly buffers: ReadonlyMap<string, Tensor | null>,
    readonly children: ReadonlyMap<string, Module | null>,
  ) {}

  /** The record as a module, or undefined if it is not one (it has no `_modules`). */
  static from(value: PyValue | undefined, path = ''): Module | undefined {
    return Module.#from(value, path, { ancestors: new Set(), count: 0 });
  }

  static #from(value: PyValue | undefined, path: string, walk: Walk): Module | undefined {
    if (!(value instanceof PyObject)) return undefined;
    const modules = childrenOf(value);
    if (!modules) return undefined;
    const { ancestors } = walk;
    if (ancestors.has(value)) throw new ModuleTreeError(path, 'the module contains itself');
    if (ancestors.size >= DEEPEST) {
      throw new ModuleTreeError(shorten(path), `modules are nested more than ${DEEPEST} deep`);
    }
    if (++walk.count > MOST_MODULES) {
      throw new ModuleTreeError(shorten(path), `it has more than ${MOST_MODULES} modules`);
    }
    ancestors.add(value);
    const children = new Map<string, Module | null>();
    for (const [key, child] of modules) {
      const name = String(key);
      children.set(name, Module.#from(child, path ? `${path}.${name}` : name, walk) ?? null);
    }
    ancestors.delete(value);
    return new Module(
      path,
      value.className,
      value,
      tensorsOf(value.attr('_parameters')),
      tensorsOf(value.attr('_buffers')),
      children,
    );
  }

  /** A plain attribute (`self.p`, `self.kernel_size`), or undefined. */
  attr(name: string): PyValue | undefined {
    return this.record.attr(name);
  }

  /** A parameter, buffer or attribute. @throws UnreadableTensorError if sparse or quantised. */
  tensor(name: string): Tensor | null | undefined {
    const group = this.parameters.has(name) ? this.parameters : this.buffers;
    const found = group.get(name);
    if (found !== undefined) return found;
    for (const held of [this.attr('_parameters'), this.attr('_buffers')]) {
      const value = held instanceof PyDict ? held.get(name) : undefined;
      if (value instanceof PyObject) {
        throw new UnreadableTensorError(this.path ? `${this.path}.${name}` : name, value.className);
      }
    }
    const plain = this.attr(name);
    return plain instanceof Tensor || plain === null ? plain : undefined;
  }

  child(name: string): Module | null | undefined {
    return this.children.get(name);
  }
}

/** Omits those that cannot be read; reading one of those by name throws. */
function tensorsOf(value: PyValue | undefined): Map<string, Tensor | null> {
  const tensors = new Map<string, Tensor | null>();
  if (!(value instanceof PyDict)) return tensors;
  for (const [key, tensor] of value) {
    if (tensor instanceof Tensor || tensor === null) tensors.set(String(key), tensor);
  }
  return tensors;
}

function shorten(path: string): string {
  return path.length > 80 ? `${path.slice(0, 40)}…${path.slice(-39)}` : path;
}

/** The origin of a module. */
export interface ModuleOrigin {
  /** The torch file: its path, or its bytes. */
  readonly source: string | Uint8Array;
  /** The attributes that lead from the file's root to the module; none if it is the root. */
  readonly path: readonly string[];
  /** The source of classes that the file only names, as given to the load. */
  readonly code?: CodeSources | undefined;
}

const origins = new WeakMap<Module, ModuleOrigin>();

/** Records the origin of a module, so that saving can copy from it. */
export function setModuleOrigin(module: Module, origin: ModuleOrigin): void {
  origins.set(module, origin);
}

export function moduleOrigin(module: Module): ModuleOrigin | undefined {
  return origins.get(module);
}
