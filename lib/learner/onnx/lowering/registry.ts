import type { Module } from '../../torch/module.js';
import { PyObject } from '../../torch/python.js';
import { activations } from './activation.js';
import { containers } from './containers.js';
import type { Lowering } from './context.js';
import { embeddings } from './embedding.js';
import { callsUnknownFunction } from './functions.js';
import { hasOwnHooks } from './hooks.js';
import { linears } from './linear.js';
import { entriesOf, type LoweringFamily, type Signature, type SignatureOf } from './lowering.js';
import { norms } from './norm.js';
import type { OwnCode } from './own-code.js';
import { recurrents } from './recurrent.js';
import { tabularModels } from './tabular.js';
import { textModels } from './text/models.js';
import { transformers } from './transformer.js';

/** The modules of text, tabular and collaborative models. */
const always: readonly LoweringFamily[] = [
  containers,
  linears,
  norms,
  activations,
  embeddings,
  recurrents,
  transformers,
  textModels,
  tabularModels,
];

/** The others, by the Python modules of their classes, because few processes need all of them. */
const onDemand: readonly { homes: RegExp; load: () => Promise<readonly LoweringFamily[]> }[] = [
  {
    homes:
      /^(torch\.nn\.modules\.(channelshuffle|conv|flatten|instancenorm|normalization|padding|pixelshuffle|pooling|upsampling)|fastai\.layers|fastai\.vision\.models)\./,
    load: async () => (await import('./vision.js')).visionLayers,
  },
  {
    homes: /^fastai\.text\.models\.qrnn\./,
    load: async () => [(await import('./text/qrnn.js')).qrnns],
  },
  {
    homes: /^torchvision\./,
    load: async () => (await import('./torchvision/index.js')).torchvision,
  },
  {
    homes: /^(timm|fastai\.vision\.learner)\./,
    load: async () => (await import('./timm/index.js')).timm,
  },
  {
    homes:
      /^timm\.(models\.(cpubone|csatv2|cspnext|deepseek_vit|efficientvim|fasternet|gemma4_vit|hieradet_sam2|iformer|lcnetv2|lowformer|qwen3_vit)|(models\.)?layers\.cond_conv2d)\./,
    load: async () => (await import('./timm/recent/index.js')).recentTimm,
  },
  {
    homes: /^(tsai|timeseries|timeseries_fastai)\./,
    load: async () => (await import('./tsai/index.js')).tsai,
  },
];

const known = new Map<string, Lowering>();
const signatures = new Map<string, SignatureOf>();

function register(families: readonly LoweringFamily[]): void {
  for (const family of families) {
    for (const [name, lowering] of entriesOf(family.lowerings)) known.set(name, lowering);
    for (const [name, of] of entriesOf(family.signatures ?? {})) signatures.set(name, of);
  }
}

register(always);

/** The classes that can be lowered, of the families that have been loaded. */
export const lowerings: ReadonlyMap<string, Lowering> = known;

/**
 * Loads the families of a model's classes, before they are needed.
 *
 * @param withSources Whether the user gave sources of classes that the file only names.
 */
export async function loadLowerings(root: Module, withSources = false): Promise<void> {
  const missing = new Set<string>();
  const walk = ({ className, children }: Module): void => {
    if (!known.has(className)) missing.add(className);
    for (const child of children.values()) if (child) walk(child);
  };
  walk(root);
  const wanted = onDemand.filter(({ homes }) => [...missing].some((name) => homes.test(name)));
  for (const { load } of wanted) register(await load());
  // Bases of its own classes, and what their code calls, may be of any family.
  if (!hasOwnCode(root, withSources)) return;
  await allLowerings();
  tracing ??= await import('../tracing/trace-module.js');
}

type Tracing = typeof import('../tracing/trace-module.js');
let tracing: Tracing | undefined;

/** Lists hold modules that their owner calls. */
export const isModuleList = ({ className }: Module): boolean =>
  /^torch\.nn\.modules\.container\.(Module|Parameter)(List|Dict)$/.test(className);

/**
 * Whether code has to be traced: code in the file, or the user's sources. The families of the model
 * must be loaded.
 */
export function hasOwnCode(module: Module, withSources = false): boolean {
  const unknown = !known.has(module.className) && !isModuleList(module);
  if (unknown && (withSources || module.record.cls instanceof PyObject)) return true;
  if (hasOwnHooks(module) || callsUnknownFunction(module)) return true;
  return [...module.children.values()].some(
    (child) => child !== null && hasOwnCode(child, withSources),
  );
}

/** The code of a model's own classes, if {@link loadLowerings} found any. */
export function ownCodeOf(
  ...args: ConstructorParameters<Tracing['TracedModules']>
): OwnCode | undefined {
  return tracing && new tracing.TracedModules(...args);
}

/** Every class that can be lowered. */
export async function allLowerings(): Promise<ReadonlyMap<string, Lowering>> {
  for (const { load } of onDemand) register(await load());
  return known;
}

/** The inputs and outputs of a model, if its modules determine them. */
export function signatureOf(module: Module): Signature | undefined {
  return signatures.get(module.className)?.(module, signatureOf);
}
