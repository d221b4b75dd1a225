import type { InferResponse, TensorMetadata } from '../../../client/protocol/messages.js';
import { readExact, writeExact } from '../../open-inference/tensors/exact-json.js';
import { textsOf } from '../../open-inference/tensors/texts.js';
import type { FarSide, RemoteItem, RemoteModel } from '../contract.js';
import { RemoteAnswerError, RemoteMethodError } from '../errors.js';
import { received, sentTensors } from './tensor-model.js';

/** A method as its class declares it. */
interface RunnableMethod {
  readonly stream?: boolean | undefined;
  readonly tensors?:
    | {
        readonly inputs: readonly TensorMetadata[];
        readonly outputs: readonly TensorMetadata[];
      }
    | undefined;
}

export type RunnableMethods = ReadonlyMap<string, RunnableMethod>;

const JSON_TEXT = { content_type: 'str', format: 'json' };
const INPUT = 'input';
const OUTPUT = 'output';

/**
 * A custom runnable served by another application of this module. Methods that declare tensors
 * exchange tensors; the others exchange JSON.
 */
export function runnableModel(runner: string, methods: RunnableMethods): RemoteModel {
  return {
    description: { kind: 'custom', vocab: undefined, methods: [...methods.keys()] },

    call(method, call, farSide) {
      const definition = methods.get(method);
      const streams = definition?.stream === true;
      if (streams && call.streams) return valuesOf(runner, method, call, farSide);
      if (streams || call.streams) {
        throw new RemoteMethodError(
          runner,
          method,
          streams ? 'it returns a stream' : 'its class does not declare that it returns a stream',
          streams ? 'call stream()' : 'call run(), or make it an async generator',
        );
      }
      const tensors = definition?.tensors;
      if (tensors === undefined) return asJson(runner, method, call, farSide);
      const parameters = { method };
      return farSide
        .infer({ inputs: sentTensors(runner, tensors.inputs, call.item), parameters })
        .then((response) => received(response, tensors.outputs, false));
    },
  };
}

async function asJson(
  runner: string,
  method: string,
  { item }: RemoteItem,
  farSide: FarSide,
): Promise<unknown> {
  return valueOf(runner, method, await farSide.infer(requestOf(method, item)));
}

async function* valuesOf(
  runner: string,
  method: string,
  { item }: RemoteItem,
  farSide: FarSide,
): AsyncGenerator<unknown, void, undefined> {
  for await (const answer of farSide.inferStream(requestOf(method, item))) {
    yield valueOf(runner, method, answer);
  }
}

function requestOf(method: string, item: unknown): Parameters<FarSide['infer']>[0] {
  const data = [writeExact(INPUT, item)];
  const input = { name: INPUT, datatype: 'BYTES', shape: [1], parameters: JSON_TEXT } as const;
  return { inputs: [{ ...input, data }], parameters: { method } };
}

function valueOf(runner: string, method: string, { outputs }: InferResponse): unknown {
  const output = outputs.find(({ name }) => name === OUTPUT);
  const [text] = output?.datatype === 'BYTES' ? textsOf(output) : [];
  if (text !== undefined) return readExact(OUTPUT, text);
  throw new RemoteAnswerError(runner, `the output "${OUTPUT}" of ${method}() is missing`);
}
