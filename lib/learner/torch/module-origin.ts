import type { Module } from './module.js';

/** Where a module was read from. */
export interface ModuleOrigin {
  /** The torch file: its path, or its bytes. */
  readonly source: string | Uint8Array;
  /** The attributes that lead from the file's root to the module; none where it is the root. */
  readonly path: readonly string[];
}

const origins = new WeakMap<Module, ModuleOrigin>();

/** Remembers where a module was read from, so that it can be saved from there. */
export function setModuleOrigin(module: Module, origin: ModuleOrigin): void {
  origins.set(module, origin);
}

export function moduleOrigin(module: Module): ModuleOrigin | undefined {
  return origins.get(module);
}
