import type { Tensor } from 'onnxruntime-common';
import type { LearnerDescription, Prediction, Results } from '../../../learner/fastai/contract.js';
import type { TtaOptions } from '../../../learner/fastai/tta.js';
import type { RunOptions } from '../../runner/runner-options-types.js';
import type { RunnerHandle } from '../../runner/runner-types.js';
import type { ServedRunner } from '../contract.js';
import { checkedInputs, wantedOutputs } from '../request.js';
import { runItems } from '../run-items.js';
import { ResponseSize } from '../response-size.js';
import { inferTensor } from '../tensors/onnx-tensor.js';
import { itemCodecOf } from '../tensors/item-codec.js';
import { PROBABILITIES, predictionOutputs, predictionTensors } from '../tensors/prediction.js';
import { correctedOutputs, noteOutputs } from '../tensors/seen-outputs.js';
import { learnerProperties } from '../tensors/properties.js';
import type { ReadRequest, ServableLimits, ServableModel } from './servable.js';
import { ttaOf } from './tta-parameters.js';

type Triple = Prediction<unknown, Results>;

/** A runner that has loaded its fastai learner. */
export interface LearnerHandle extends RunnerHandle {
  readonly description: LearnerDescription;
  readonly vocab: unknown;
}

/** Means over augmented passes. The learner does not decode them. */
function augmented(
  runner: LearnerHandle,
  items: readonly unknown[],
  options: TtaOptions,
  size: ResponseSize,
): ReadRequest {
  return {
    rows: items.length,
    async run() {
      // One call for all items, because a pass draws its random transforms for all of them.
      const [tensor] = (await runner.method('tta').run(items, options as RunOptions)) as [Tensor];
      size.add([tensor]);
      return () => [inferTensor(PROBABILITIES, tensor)];
    },
  };
}

/**
 * A learner that predicts. Each item is a separate call of `predict`, so that it gets the same
 * numbers as alone.
 *
 * @throws ModelNotServableError for a learner whose items tensors cannot express.
 */
export function learnerModel(
  { name }: ServedRunner,
  runner: LearnerHandle,
  { maxRows, maxResponseBytes }: ServableLimits,
): ServableModel {
  const { description } = runner;
  const codec = itemCodecOf(name, description);
  const told = predictionOutputs(description);
  return {
    platform: 'fastai',
    inputs: codec.inputs,
    get outputs() {
      return correctedOutputs(description, told);
    },
    properties: learnerProperties(runner),
    maxBatchSize: maxRows,

    read(request) {
      const inputs = checkedInputs(request, codec.inputs, codec.others);
      const items = codec.items(inputs, maxRows);
      const tta = ttaOf(request.parameters, items.length, maxRows);
      if (tta !== undefined) {
        wantedOutputs(request, told.slice(0, 1));
        return augmented(runner, items, tta, new ResponseSize(maxResponseBytes));
      }
      const wanted = wantedOutputs(request, told);
      return {
        rows: items.length,
        async run() {
          const size = new ResponseSize(maxResponseBytes);
          const { run: predict } = runner.method('predict');
          const predictions = await runItems(items, async (item, how) => {
            const options = codec.owned ? { ...how, transfer: true } : how;
            const triple = (await predict(item, options)) as Triple;
            size.add(triple.flat());
            return triple;
          });
          return () => {
            const given = predictionTensors(description, predictions, wanted);
            noteOutputs(description, told, given);
            return given;
          };
        },
      };
    },
  };
}
