import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type {
  InferRequest,
  Parameters,
  TensorMetadata,
} from '../../../client/protocol/messages.js';
import type { RunOptions } from '../../runner/runner-options-types.js';
import type { RunnerMethod } from '../../runner/runner-types.js';
import { checkedInputs, checkItems, wantedOutputs, type InputSpec } from '../request.js';
import { ResponseSize } from '../response-size.js';
import { runItems } from '../run-items.js';
import { readExact, writeExact } from '../tensors/exact-json.js';
import { textsOf } from '../tensors/texts.js';
import type { ReadRequest, ServableLimits } from './servable.js';

const JSON_TEXT = { content_type: 'str', format: 'json' };

/** A method of learners whose result is JSON, and the parameter and output that stand for it. */
export interface JsonAnswer {
  readonly method: string;
  readonly parameter: string;
  readonly output: string;
}

export const SHOW: JsonAnswer = { method: 'show', parameter: 'show', output: 'shown' };
export const EXPLAIN: JsonAnswer = {
  method: 'explain',
  parameter: 'explain',
  output: 'explanation',
};
export const DECODE_ROW: JsonAnswer = {
  method: 'decodeRow',
  parameter: 'decode_row',
  output: 'shown',
};

/** The parameter with the class that `explain` explains. */
export const EXPLAIN_TARGET = 'explain_target';

/** The input with the rows that `decodeRow` decodes, each as JSON. */
export const ROW: InputSpec = {
  name: 'row',
  datatype: 'BYTES',
  shape: [-1],
  parameters: JSON_TEXT,
  perItem: true,
};

/** Whether the parameters ask for it. @throws InferenceMessageError for what is not a boolean */
export function asksFor(
  { parameter }: Pick<JsonAnswer, 'parameter'>,
  parameters: Parameters = {},
): boolean {
  const { [parameter]: asked = false } = parameters;
  if (typeof asked === 'boolean') return asked;
  throw new InferenceMessageError(`"${parameter}" is not a boolean`, 'send true, or leave it out');
}

/** The call of the method for each item, with its result as JSON. @throws InferenceMessageError */
export function jsonAnswers(
  answer: JsonAnswer,
  run: RunnerMethod['run'],
  items: readonly unknown[],
  request: InferRequest,
  { maxResponseBytes }: ServableLimits,
): ReadRequest {
  const { output: name } = answer;
  const output: TensorMetadata = { name, datatype: 'BYTES', shape: [-1], parameters: JSON_TEXT };
  wantedOutputs(request, [output]);
  const own = answer === EXPLAIN ? explainOptions(request.parameters, items.length) : {};
  return {
    rows: items.length,
    async run() {
      const size = new ResponseSize(maxResponseBytes);
      const data = await runItems(items, async (item, how) => {
        const text = writeExact(name, await run(item, { ...how, ...own } as RunOptions));
        size.addBytes(text.length);
        return text;
      });
      return () => [{ ...output, shape: [data.length], data }];
    },
  };
}

/** One item takes as many predictions as it has words or columns. */
function explainOptions(parameters: Parameters = {}, items: number): object {
  if (items > 1) {
    throw new InferenceMessageError(`"explain" got ${items} items`, 'send one item in a request');
  }
  const { [EXPLAIN_TARGET]: target } = parameters;
  if (target === undefined) return {};
  if (typeof target === 'boolean') {
    const remedy = 'send the name of a class, or its index';
    throw new InferenceMessageError(`"${EXPLAIN_TARGET}" is a boolean`, remedy);
  }
  return { target: typeof target === 'bigint' ? Number(target) : target };
}

/** The rows that `decodeRow` decodes. @throws InferenceMessageError */
export function rowsToDecode(request: InferRequest, { maxRows }: ServableLimits): unknown[] {
  const input = checkedInputs(request, [ROW]).get(ROW.name)!;
  checkItems(input.data.length, maxRows);
  return textsOf(input).map((text) => {
    const row = readExact(ROW.name, text);
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row;
    const remedy = 'send the decoded row of a prediction';
    throw new InferenceMessageError(`"${ROW.name}" is not an object of columns`, remedy);
  });
}
