import type { ModelSignatureOptions } from '../store/index.js';
import { BatchableNotSupportedError } from './errors.js';

/** The names of a kind of model, and the rules for its signatures. */
export interface ModelRules {
  /** Its name in this package and in `context.framework_name`. */
  readonly name: string;
  /** Its names in `module` of model.yaml; the first is written. */
  readonly modules: readonly [string, ...string[]];
  readonly file: string;
  readonly defaults: Readonly<Record<string, ModelSignatureOptions>>;
  /** The methods of its models, by their names in Python. */
  readonly methods: readonly string[];
  /** JavaScript names of methods that have another name in Python. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly batchable: boolean;
  /** Creates the error for a signature of another method. */
  unknownMethod(tag: string, method: string): Error;
}

/**
 * The signatures for model.yaml, with Python's method names, so that BentoML finds the methods as
 * well.
 *
 * @throws BatchableNotSupportedError if one is batchable and the kind is never batched.
 * @throws UnknownMethodError or ModuleMethodError if one names a method that the models lack.
 */
export function checkSignatures<Signature extends ModelSignatureOptions>(
  rules: ModelRules,
  tag: string,
  signatures: Readonly<Record<string, Signature>>,
): Map<string, Signature> {
  const checked = new Map<string, Signature>();
  for (const [given, signature] of Object.entries(signatures)) {
    const method = rules.aliases.get(given) ?? given;
    if (!rules.methods.includes(method)) throw rules.unknownMethod(tag, given);
    checked.set(method, signature);
  }
  const batchable = [...checked].filter(([, signature]) => signature?.batchable === true);
  if (!rules.batchable && batchable.length > 0) {
    const methods = batchable.map(([method]) => method);
    throw new BatchableNotSupportedError(tag, methods);
  }
  return checked;
}
