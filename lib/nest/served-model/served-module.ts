import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import type { IoDescriptor } from '../io/io-descriptor.js';
import { Answer, AnswerBody } from './answer-body.js';
import { outputOf, type ModuleBody } from './module-body.js';
import type { ServedEndpoints } from './served-endpoint.js';

/** `predict` of a model without a learner: arrays in, the model's output out. */
export function moduleEndpoints(
  tag: string,
  method: string,
  { descriptor, inputs }: ModuleBody,
  runnerOf: () => RunnerHandle,
): ServedEndpoints {
  const takes = inputs.map(
    ({ name, dtype, shape }) =>
      `\`${name}\`: ${dtype} [${shape.map((size) => size ?? '?').join(', ')}]`,
  );
  const predict = {
    summary: `What ${tag} returns`,
    description: `The model takes ${takes.join(', and ')}.`,
    input: descriptor as IoDescriptor<unknown, never>,
    output: new AnswerBody({
      schema: () => ({
        type: 'object',
        properties: {
          prediction: {
            oneOf: [{ type: 'number' }, { type: 'array', items: {} }],
            description: 'Tensors as nested arrays.',
          },
        },
        required: ['prediction'],
      }),
    }),
    handle: async (item: unknown) =>
      new Answer({ prediction: outputOf(await runnerOf().method(method).run(item)) }),
  };
  return { predict };
}
