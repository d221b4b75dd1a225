import { checkModelInputs, type ModelInput } from '../../../learner/pytorch/index.js';
import type { Model, ModelMetadata } from '../../store/index.js';

/** The key in `options` of model.yaml. BentoML ignores keys that it does not know. */
const INPUTS = 'vts_inputs';

/**
 * `options` of a model.yaml: BentoML's own, and the inputs of the model. -1 stands for a size that
 * varies, because the file cannot hold null.
 */
export function pytorchOptions(inputs?: readonly ModelInput[]): Record<string, ModelMetadata> {
  return {
    partial_kwargs: {},
    ...(inputs && {
      [INPUTS]: inputs.map(({ name, dtype, shape }) => ({
        name,
        dtype,
        shape: shape.map((size) => size ?? -1),
      })),
    }),
  };
}

/**
 * The inputs of a model according to its model.yaml; undefined if it lists none.
 *
 * @throws InvalidModelInputError if they are not valid.
 */
export function modelInputsOf(model: Model): readonly ModelInput[] | undefined {
  const saved = plain(model.info.options[INPUTS]);
  if (saved === undefined) return undefined;
  if (!Array.isArray(saved)) return checkModelInputs(saved);
  return checkModelInputs(
    saved.map((input: Record<string, unknown>) => ({
      ...input,
      shape: Array.isArray(input?.['shape'])
        ? input['shape'].map((size: unknown) => (size === -1 ? null : size))
        : input?.['shape'],
    })),
  );
}

/** Converts maps of the file to objects. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([k, v]) => [String(k), plain(v)]));
  return value;
}
