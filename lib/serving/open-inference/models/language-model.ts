import type { Tensor } from 'onnxruntime-common';
import type { LearnerDescription } from '../../../learner/fastai/contract.js';
import type { TensorMetadata } from '../../../client/protocol/messages.js';
import { addedPieces, continuedText } from '../../models/fastai/generation.js';
import type { LanguageModelRunner } from '../../models/fastai/types.js';
import { checkedInputs, checkItems, wantedOutputs, type InputSpec } from '../request.js';
import { ResponseSize } from '../response-size.js';
import { runItems } from '../run-items.js';
import { learnerProperties } from '../tensors/properties.js';
import { stacked } from '../tensors/stack.js';
import { textsOf } from '../tensors/texts.js';
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
      const { [ENCODE]: encode = false, ...parameters } = request.parameters ?? {};
      wantedOutputs(request, [encode === true ? ENCODING : OUTPUT]);
      checkItems(input.data.length, maxRows);
      const texts = textsOf(input);
      if (encode === true) return encoded(runner, texts, new ResponseSize(maxResponseBytes));
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
