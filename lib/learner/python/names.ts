import type { Names } from './context.js';
import { MODULES } from './modules/index.js';
import { REFUSED_MODULES, refusedName } from './modules/refusals.js';

/** Python's builtins and library: `builtins.len`, `math.sqrt`, `re.compile`. */
export const pythonNames: Names = {
  resolve(qualifiedName) {
    const dot = qualifiedName.lastIndexOf('.');
    const module = qualifiedName.slice(0, dot);
    const name = qualifiedName.slice(dot + 1);
    if (MODULES.has(qualifiedName)) return undefined;
    return MODULES.get(module)?.get(name) ?? refusedName(module, name);
  },
  isModule: (path) => MODULES.has(path) || REFUSED_MODULES.has(path),
};
