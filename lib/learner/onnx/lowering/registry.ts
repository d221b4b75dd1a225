import type { Module } from '../../torch/module.js';
import { activations } from './activation.js';
import { collabModels } from './collab.js';
import { containers } from './containers.js';
import { dropout } from './dropout.js';
import { embeddings } from './embedding.js';
import { linears } from './linear.js';
import type { Lowering, LoweringFamily, Signature, SignatureOf } from './lowering.js';
import { norms } from './norm.js';
import { recurrents } from './recurrent.js';
import { tabularModels } from './tabular.js';
import { textModels } from './text/index.js';
import { transformers } from './transformer.js';
import { visionFamilies } from './vision.js';

const families: readonly LoweringFamily[] = [
  containers,
  linears,
  norms,
  activations,
  dropout,
  embeddings,
  recurrents,
  transformers,
  textModels,
  tabularModels,
  collabModels,
  ...visionFamilies,
];

function byClassName<T>(
  entries: readonly (readonly [readonly string[], T])[],
): ReadonlyMap<string, T> {
  return new Map(entries.flatMap(([names, entry]) => names.map((name) => [name, entry] as const)));
}

/** Every class that can be lowered. A new family is one file and one line above. */
export const lowerings: ReadonlyMap<string, Lowering> = byClassName(
  families.flatMap((family) => family.lowerings),
);

const signatures: ReadonlyMap<string, SignatureOf> = byClassName(
  families.flatMap((family) => family.signatures ?? []),
);

/** What a model takes and gives, where its modules tell. */
export function signatureOf(module: Module): Signature | undefined {
  return signatures.get(module.className)?.(module, signatureOf);
}

/** Loads the lowerings of the classes that a model is made of. */
export async function loadLowerings(_root: Module): Promise<void> {}
