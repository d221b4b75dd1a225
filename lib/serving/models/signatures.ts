import type { ModelSignatureOptions } from '../store/index.js';
import {
  BatchableNotSupportedError,
  ModuleMethodError,
  UnknownMethodError,
} from './errors/rules/index.js';

/** What a framework allows in the signatures of its models. */
export interface FrameworkRules {
  /** Its name in this package and in `context.framework_name`. */
  readonly name: string;
  /** Its names in `module` of model.yaml; the first is written. */
  readonly modules: readonly [string, ...string[]];
  /** The file in the model's folder. */
  readonly file: string;
  readonly defaults: Readonly<Record<string, ModelSignatureOptions>>;
  /** Methods that its models have, by their names in Python; undefined for any. */
  readonly methods: readonly string[] | undefined;
  /** Names in JavaScript of methods that Python calls otherwise. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly batchable: boolean;
}

/** A learner as a whole: one item at a time, on the CPU. */
export const FASTAI: FrameworkRules = {
  name: 'fastai',
  modules: ['bentoml.fastai', 'bentoml._internal.frameworks.fastai'],
  file: 'saved_model.pkl',
  defaults: { predict: { batchable: false } },
  // encode: the encoder of a language model.
  methods: ['predict', 'get_preds', 'encode'],
  aliases: new Map([['getPreds', 'get_preds']]),
  batchable: false,
};

/** A bare model, as torch.save() wrote it: batched where its signature says so. */
export const PYTORCH: FrameworkRules = {
  name: 'pytorch',
  modules: ['bentoml.pytorch', 'bentoml._internal.frameworks.pytorch'],
  file: 'saved_model.pt',
  defaults: { __call__: { batchable: false } },
  // The same by its two names; what else a module can do is Python.
  methods: ['__call__', 'forward'],
  aliases: new Map(),
  batchable: true,
};

/** The file of a model that came as ONNX. */
export const ONNX_FILE = 'saved_model.onnx';

/**
 * Signatures as model.yaml has them: Python's method names, so that BentoML finds the methods as
 * well.
 *
 * @throws BatchableNotSupportedError when one is batchable and the framework never batches.
 * @throws UnknownMethodError when one names a method that the framework's models do not have.
 * @throws ModuleMethodError when it names one of a bare model.
 */
export function checkSignatures<Signature extends ModelSignatureOptions>(
  rules: FrameworkRules,
  tag: string,
  signatures: Readonly<Record<string, Signature>>,
): Map<string, Signature> {
  const checked = new Map<string, Signature>();
  for (const [given, signature] of Object.entries(signatures)) {
    const method = rules.aliases.get(given) ?? given;
    if (rules.methods && !rules.methods.includes(method)) {
      if (rules === PYTORCH) throw new ModuleMethodError(tag, given);
      throw new UnknownMethodError(tag, given, rules.methods);
    }
    checked.set(method, signature);
  }
  const batchable = [...checked].filter(([, signature]) => signature?.batchable === true);
  if (!rules.batchable && batchable.length > 0) {
    throw new BatchableNotSupportedError(
      tag,
      batchable.map(([method]) => method),
    );
  }
  return checked;
}
