import { listed, shortened } from '../../../learner/errors/index.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { InferRequest } from '../../../client/protocol/messages.js';
import type { ServedRunnableMethod } from '../../models/custom/definitions.js';
import type { ServedRunner } from '../contract.js';
import { ModelNotServableError } from '../errors.js';
import type { ServableLimits, ServableModel } from './servable.js';
import { jsonMethod, jsonStream } from './json-method.js';
import { tensorMethod } from './tensor-method.js';

const CALL = '__call__';
/** The parameter of a request that names the method. */
const METHOD = 'method';

/**
 * A custom runnable. A request calls the method that its parameter `method` names; by default
 * `__call__`, the only method, or the only one that declares tensors.
 */
export function runnableModel(
  { name, runner }: ServedRunner,
  methods: ReadonlyMap<string, ServedRunnableMethod>,
  limits: ServableLimits,
): ServableModel {
  const open = (method: string): ServableModel => {
    const definition = methods.get(method)!;
    if (definition.stream === true) {
      throw new ModelNotServableError(
        name,
        `returns a stream from ${method}(), and one answer cannot hold a stream`,
        'call ModelStreamInfer over gRPC, or serve it with your own endpoint',
      );
    }
    const { run } = runner.method(method);
    return definition.tensors
      ? tensorMethod(run, { ...definition, tensors: definition.tensors }, limits)
      : jsonMethod(run, limits);
  };
  const usual = usualMethod(methods);
  const { platform, inputs, outputs, maxBatchSize } =
    usual === undefined || methods.get(usual)?.stream === true
      ? jsonMethod(async () => undefined, limits)
      : open(usual);
  return {
    platform,
    inputs,
    outputs,
    maxBatchSize,
    properties: { kind: 'custom', methods: JSON.stringify([...methods.keys()]) },
    read: (request) => open(methodOf(request, methods, usual)).read(request),
    stream(request) {
      const method = methodOf(request, methods, usual);
      if (methods.get(method)?.stream !== true) return undefined;
      const { stream } = runner.method(method) as unknown as Streaming;
      return jsonStream(request, stream, limits);
    },
  };
}

/** A method of a runnable that returns a stream. */
interface Streaming {
  stream(item: unknown): AsyncIterable<unknown>;
}

function usualMethod(methods: ReadonlyMap<string, ServedRunnableMethod>): string | undefined {
  if (methods.has(CALL)) return CALL;
  const names = [...methods.keys()];
  if (names.length === 1) return names[0];
  const declared = names.filter((name) => methods.get(name)?.tensors !== undefined);
  return declared.length === 1 ? declared[0] : undefined;
}

function methodOf(
  { modelName, parameters = {} }: InferRequest,
  methods: ReadonlyMap<string, unknown>,
  usual: string | undefined,
): string {
  const asked = Object.hasOwn(parameters, METHOD) ? parameters[METHOD] : usual;
  if (typeof asked === 'string' && methods.has(asked)) return asked;
  const remedy = `name one of its methods in the parameter "${METHOD}": ${listed([...methods.keys()])}`;
  const model = `The model "${shortened(modelName)}"`;
  const fact =
    asked === undefined
      ? `${model} has several methods`
      : `${model} has no method "${shortened(String(asked))}"`;
  throw new InferenceMessageError(fact, remedy);
}
