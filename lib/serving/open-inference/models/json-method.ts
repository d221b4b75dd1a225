import type {
  InferRequest,
  InferTensor,
  TensorMetadata,
} from '../../../client/protocol/messages.js';
import type { RunnerMethod } from '../../runner/runner-types.js';
import { checkedInputs, checkItems, wantedOutputs, type InputSpec } from '../request.js';
import { runItems } from '../run-items.js';
import { ResponseSize } from '../response-size.js';
import { readExact, writeExact } from '../tensors/exact-json.js';
import { textsOf } from '../tensors/texts.js';
import type { ServableLimits, ServableModel } from './servable.js';

const JSON_TEXT = { content_type: 'str', format: 'json' };
const INPUT: TensorMetadata = {
  name: 'input',
  datatype: 'BYTES',
  shape: [-1],
  parameters: JSON_TEXT,
};
const SPEC: InputSpec = { ...INPUT, perItem: true };
const OUTPUT: TensorMetadata = { ...INPUT, name: 'output' };

/**
 * The values of a method that returns a stream, of one item: each is the JSON of an answer.
 *
 * @throws InputError at once
 */
export function jsonStream(
  request: InferRequest,
  stream: (item: unknown) => AsyncIterable<unknown>,
  { maxResponseBytes }: ServableLimits,
): AsyncIterable<readonly InferTensor[]> {
  const input = checkedInputs(request, [SPEC]).get(INPUT.name)!;
  wantedOutputs(request, [OUTPUT]);
  checkItems(input.data.length, 1);
  const [item] = textsOf(input).map((text) => readExact(INPUT.name, text));
  return (async function* () {
    for await (const value of stream(item)) {
      const text = writeExact(OUTPUT.name, value);
      new ResponseSize(maxResponseBytes).addBytes(text.length);
      yield [{ ...OUTPUT, shape: [1], data: [text] }];
    }
  })();
}

/** A method that declares no tensors: each item and each result is JSON. */
export function jsonMethod(
  run: RunnerMethod['run'],
  { maxRows, maxResponseBytes }: ServableLimits,
): ServableModel {
  return {
    platform: 'custom',
    inputs: [SPEC],
    outputs: [OUTPUT],
    maxBatchSize: maxRows,

    read(request) {
      const input = checkedInputs(request, [SPEC]).get(INPUT.name)!;
      wantedOutputs(request, [OUTPUT]);
      checkItems(input.data.length, maxRows);
      const items = textsOf(input).map((text) => readExact(INPUT.name, text));
      return {
        rows: items.length,
        async run() {
          const size = new ResponseSize(maxResponseBytes);
          const data = await runItems(items, async (item, how) => {
            const text = writeExact(OUTPUT.name, await run(item, how));
            size.addBytes(text.length);
            return text;
          });
          return () => [{ ...OUTPUT, shape: [data.length], data }];
        },
      };
    },
  };
}
