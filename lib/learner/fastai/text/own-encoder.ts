import { lowerModel, type LoweredModel } from '../../onnx/lowering/lower-model.js';
import type { InputSpec, TextLimits } from '../../onnx/lowering/lowering.js';
import { SizeNeededError } from '../../onnx/torch-ops/size-needed.js';
import type { Module } from '../../torch/module.js';
import type { HowToLower } from '../open-model.js';
import type { TextFacts } from './text-model.js';

/**
 * A text classifier whose SentenceEncoder runs an encoder of the notebook. Each number of chunks has
 * its own graph; if the encoder's code loops over the tokens, each length has one.
 */
export function lowerOnOwnEncoder(
  model: Module,
  limits: TextLimits,
  how: HowToLower,
): LoweredModel & { readonly facts: TextFacts } {
  const { bptt } = limits;
  const lowered = (
    isChunked: boolean,
    sizes: HowToLower['sizes'],
  ): LoweredModel & { readonly facts: TextFacts } => {
    const inputs: InputSpec[] = [
      {
        name: 'ids',
        dtype: 'int32',
        dims: isChunked ? ['batch', 'chunks', bptt] : ['batch', 'length'],
      },
      { name: 'lengths', dtype: 'int32', dims: ['batch'] },
    ];
    const made = lowerModel(model, {
      ...how,
      sizes,
      inputs,
      outputs: ['logits'],
      plainTensors: false,
      equalRows: true,
    });
    return { ...made, facts: { ...limits, ownHead: true, isChunked } };
  };
  const { sizes } = how;
  if (sizes) return lowered(sizes['ids']?.length === 3, sizes);
  try {
    lowered(true, { ids: [null, 1, bptt] });
  } catch (error) {
    if (!(error instanceof SizeNeededError)) throw error;
    return lowered(false, undefined);
  }
  return lowered(true, undefined);
}
