import { checkModelInputs, type ModelInput } from '../../../learner/pytorch/index.js';
import type { Model, ModelMetadata } from '../../store/index.js';

/** The key in `options` of model.yaml; BentoML has others there, and ignores this one. */
const INPUTS = 'vts_inputs';

/**
 * `options` of a model.yaml: BentoML's own, and what the model takes. A size that varies is -1
 * there: the file holds no null.
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
 * What a model takes, as its model.yaml says; undefined where it does not.
 *
 * @throws InvalidModelInputError where that cannot be.
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

/** Maps of the file as objects. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([k, v]) => [String(k), plain(v)]));
  return value;
}
