import type { PyGlobal } from '../../learner/torch/python.js';

/** Modules that a version of a library brought or took, as the pickle names them. */
const SIGNS: readonly (readonly [module: RegExp, library: string, version: string])[] = [
  [/^fasttransform\./, 'fastai', '2.8 or later'],
  [/^fastcore\.(?:transform|dispatch)$/, 'fastai', '2.7 or earlier'],
  [/^numpy\._core\./, 'numpy', '2 or later'],
  [/^numpy\.core\./, 'numpy', '1'],
  [/^torch\._tensor$/, 'torch', '1.9 or later'],
  [/^torch\.tensor$/, 'torch', '1.8 or earlier'],
];

/**
 * Versions of the libraries that wrote a file. Exports do not tell them; the names in the pickle
 * do, roughly.
 */
export function versionsFromGlobals(globals: readonly PyGlobal[]): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const [pattern, library, version] of SIGNS) {
    if (versions[library] === undefined && globals.some(({ module }) => pattern.test(module))) {
      versions[library] = version;
    }
  }
  return versions;
}
