import type { RawCode } from './raw-code.js';

/** The variables of a function as 3.11 and later count them, whatever version wrote it. */
export function slotNamesOf({ varNames, cellVars, freeVars }: RawCode): readonly string[] {
  const locals = new Set(varNames);
  return [...varNames, ...cellVars.filter((name) => !locals.has(name)), ...freeVars];
}
