import type { Tensor } from 'onnxruntime-common';
import type { LearnerDescription, Predictions } from '../../../learner/fastai/contract.js';
import type { TensorMetadata } from '../../../client/protocol/messages.js';
import { addedPieces, continuedText } from '../../models/fastai/generation.js';
import type { LanguageModelRunner } from '../../models/fastai/types.js';
import { checkedInputs, checkItems, wantedOutputs, type InputSpec } from '../request.js';
import { ResponseSize } from '../response-size.js';
import { runItems } from '../run-items.js';
import { learnerProperties } from '../tensors/properties.js';
import { stacked } from '../tensors/stack.js';
import { textsOf } from '../tensors/texts.js';
import { asksFor, jsonAnswers, SHOW } from './json-answers.js';
import { generationOf } from './language-options.js';
import type { ReadRequest, ServableLimits, ServableModel } from './servable.js';

const TEXT = { content_type: 'str' };
const INPUT: TensorMetadata = {
  name: 'text_input',
  datatype: 'BYTES',
  shape: [-1],
  parameters: TEXT,
};
const SPEC: InputSpec = { ...INPUT, perItem: true };
const OUTPUT: TensorMetadata = { ...INPUT, name: 'text_output' };

/** The parameter that asks for the encoder's output instead of a continued text. */
const ENCODE = 'encode';
const ENCODING: TensorMetadata = { name: 'encoding', datatype: 'FP32', shape: [-1, -1] };

/** The parameter that asks for the probabilities of the next token. */
const PREDS = { parameter: 'preds' };
const PREDICTED: TensorMetadata = { name: 'probabilities', datatype: 'FP32', shape: [-1, -1] };

/** The probabilities of the token after each text, each of which is computed alone. */
function predicted(
  runner: LanguageModelRunner,
  texts: readonly string[],
  size: ResponseSize,
): ReadRequest {
  return {
    rows: texts.length,
    async run() {
      const rows = await runItems(texts, async (text, options) => {
        const [tensor] = (await runner.method('getPreds').run([text], options)) as Predictions;
        size.add([tensor]);
        return tensor;
      });
      return () => {
        const all = stacked(PREDICTED.name, rows);
        return [{ ...all, shape: [texts.length, all.data.length / texts.length] }];
      };
    },
  };
}

/** The encoder's output for each text. */
function encoded(
  runner: LanguageModelRunner,
  texts: readonly string[],
  size: ResponseSize,
): ReadRequest {
  return {
    rows: texts.length,
    async run() {
      const tensors = await runItems(texts, async (text, options) => {
        const tensor = (await runner.method('encode').run(text, options)) as Tensor;
        size.add([tensor]);
        return tensor;
      });
      return () => [stacked(ENCODING.name, tensors)];
    },
  };
}

/** A language model: it returns each text with the words that it adds. */
export function languageModel(
  runner: LanguageModelRunner & { readonly description: LearnerDescription },
  { maxRows, maxResponseBytes }: ServableLimits,
): ServableModel {
  return {
    platform: 'fastai',
    inputs: [SPEC],
    outputs: [OUTPUT],
    properties: learnerProperties(runner),
    maxBatchSize: maxRows,

    read(request) {
      const input = checkedInputs(request, [SPEC]).get(INPUT.name)!;
      const asked = request.parameters ?? {};
      const { [ENCODE]: encode = false, ...others } = asked;
      const { [PREDS.parameter]: _, [SHOW.parameter]: __, ...parameters } = others;
      const preds = asksFor(PREDS, asked);
      checkItems(input.data.length, maxRows);
      const texts = textsOf(input);
      if (asksFor(SHOW, asked)) {
        const limits = { maxRows, maxResponseBytes };
        return jsonAnswers(SHOW, runner.method(SHOW.method).run, texts, request, limits);
      }
      wantedOutputs(request, [encode === true ? ENCODING : preds ? PREDICTED : OUTPUT]);
      if (encode === true) return encoded(runner, texts, new ResponseSize(maxResponseBytes));
      if (preds) return predicted(runner, texts, new ResponseSize(maxResponseBytes));
      // All are checked before the first runs.
      const { options, stop } = generationOf('', parameters);
      return {
        rows: texts.length,
        async run() {
          const continued = await runItems(texts, (text, { signal }) =>
            continuedText(runner, {
              text: text as string,
              options: { ...options, ...(signal && { signal }) },
              stop,
            }),
          );
          return () => [{ ...OUTPUT, shape: [texts.length], data: continued }];
        },
      };
    },

    generation: {
      whole: async ({ text, parameters }) => continuedText(runner, generationOf(text, parameters)),
      pieces: ({ text, parameters }) => {
        const generation = generationOf(text, parameters);
        // For remote runners: one piece per word, without separators.
        if (parameters?.['words'] === true && generation.stop === undefined) {
          return runner.predictStream(generation.text, generation.options);
        }
        return addedPieces(runner, generation);
      },
    },
  };
}
