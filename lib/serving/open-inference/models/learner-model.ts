import type { LearnerDescription, Prediction, Results } from '../../../learner/fastai/contract.js';
import type { TtaOptions, TtaPredictions } from '../../../learner/fastai/tta.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { TensorMetadata } from '../../../client/protocol/messages.js';
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
import { asksFor, DECODE_ROW, EXPLAIN, jsonAnswers, rowsToDecode, SHOW } from './json-answers.js';
import { isSeparate, SEPARATE, ttaOf } from './tta-parameters.js';

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
  const names = isSeparate(options) ? SEPARATE : [PROBABILITIES];
  return {
    rows: items.length,
    async run() {
      // One call for all items, because a pass draws its random transforms for all of them.
      const { run } = runner.method('tta');
      const [result] = (await run(items, options as RunOptions)) as TtaPredictions;
      const tensors = [result].flat();
      size.add(tensors);
      return () => tensors.map((tensor, at) => inferTensor(names[at]!, tensor));
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
      const { parameters } = request;
      const limits = { maxRows, maxResponseBytes };
      if (asksFor(DECODE_ROW, parameters)) {
        if (description.kind !== 'tabular') {
          const fact = `"${DECODE_ROW.parameter}" needs a tabular learner, but this one is ${description.kind}`;
          throw new InferenceMessageError(fact, 'leave it out');
        }
        const rows = rowsToDecode(request, limits);
        return jsonAnswers(DECODE_ROW, runner.method('decodeRow').run, rows, request, limits);
      }
      const inputs = checkedInputs(request, codec.inputs, codec.others);
      const items = codec.items(inputs, maxRows);
      const asked = [SHOW, EXPLAIN].find((answer) => asksFor(answer, parameters));
      if (asked !== undefined) {
        return jsonAnswers(asked, runner.method(asked.method).run, items, request, limits);
      }
      const tta = ttaOf(parameters, items.length, maxRows);
      if (tta !== undefined) {
        const [mean] = told as [TensorMetadata];
        const given = isSeparate(tta) ? SEPARATE.map((each) => ({ ...mean, name: each })) : [mean];
        wantedOutputs(request, given);
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
