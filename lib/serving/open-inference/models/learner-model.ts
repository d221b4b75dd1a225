import type { LearnerDescription, Prediction } from '../../../learner/fastai/contract.js';
import type { RunnerHandle } from '../../runner/runner-types.js';
import type { ServedRunner } from '../contract.js';
import { checkedInputs, wantedOutputs } from '../request.js';
import { runItems } from '../run-items.js';
import { ResponseSize } from '../response-size.js';
import { itemCodecOf } from '../tensors/item-codec.js';
import { predictionOutputs, predictionTensors } from '../tensors/prediction.js';
import { correctedOutputs, noteOutputs } from '../tensors/seen-outputs.js';
import { learnerProperties } from '../tensors/properties.js';
import type { ServableLimits, ServableModel } from './servable.js';

type Triple = Prediction<unknown>;

/** A runner that has loaded its fastai learner. */
export interface LearnerHandle extends RunnerHandle {
  readonly description: LearnerDescription;
  readonly vocab: unknown;
}

/**
 * A learner that predicts. Each item is a separate call of `predict`, so that it gets the numbers
 * that it gets alone.
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
      const wanted = wantedOutputs(request, told);
      const items = codec.items(inputs, maxRows);
      return {
        rows: items.length,
        async run() {
          const size = new ResponseSize(maxResponseBytes);
          const { run: predict } = runner.method('predict');
          const predictions = await runItems(items, async (item, how) => {
            const options = codec.owned ? { ...how, transfer: true } : how;
            const triple = (await predict(item, options)) as Triple;
            size.add(triple);
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
