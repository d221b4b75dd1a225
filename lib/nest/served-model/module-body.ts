import { isTensor } from '../../learner/runtime/is-tensor.js';
import { modelInputs, type ModelInput } from '../../learner/pytorch/index.js';
import { modelInputsOf } from '../../serving/models/pytorch/options.js';
import { fileOf } from '../../serving/models/pytorch/rules.js';
import type { Model } from '../../serving/store/index.js';
import { Json } from '../io/json.js';
import { NumpyNdarray } from '../io/numpy-ndarray.js';
import { nested } from './scored.js';

/** The method that calls a model: `__call__`, or else the first of its signatures. */
export function callMethod(model: Model): string {
  const methods = Object.keys(model.info.signatures);
  return methods.includes('__call__') ? '__call__' : (methods[0] ?? '__call__');
}

/** The input of a bare model, for the body of a request and its documentation. */
export interface ModuleBody {
  /**
   * An array if it takes one tensor. Otherwise JSON: a list of arrays, or an object of them by
   * name.
   */
  readonly descriptor: NumpyNdarray | Json;
  readonly inputs: readonly ModelInput[];
}

/** @throws The errors of the model's file. */
export async function moduleBody(model: Model): Promise<ModuleBody> {
  const inputs = await modelInputs(fileOf(model), modelInputsOf(model));
  const [first] = inputs;
  if (inputs.length !== 1 || !first) return { descriptor: new Json(), inputs };
  const { dtype } = first;
  // Numbers are rounded to floating types, and never truncated to whole numbers.
  const enforceDtype = dtype !== 'float32' && dtype !== 'float64' && dtype !== 'float16';
  return { descriptor: new NumpyNdarray({ dtype, enforceDtype }), inputs };
}

/** Tensors, alone or several, as nested arrays. */
export function outputOf(value: unknown): unknown {
  if (isTensor(value)) return nested(value);
  return Array.isArray(value) ? value.map(outputOf) : value;
}
