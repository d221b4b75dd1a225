import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  modelConfigMessage,
  modelMetadataMessage,
  statisticsMessage,
} from '../../../client/grpc/answers.js';
import { inferResponseBytes, readInferRequest } from '../../../client/grpc/messages.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import { quoted } from '../../../learner/errors/index.js';
import type { InferenceService } from '../../../serving/open-inference/contract.js';
import { ModelNotServedError } from '../../../serving/open-inference/errors.js';
import { readMessage } from './bytes-service.js';
import { unary, type CallContext } from './handlers.js';
import { streamInfer } from './stream-infer.js';
import { limitByParameter } from './timeout-parameter.js';

interface OfModel {
  readonly name: string;
  readonly version: string;
}

interface OfRepository {
  readonly repository_name: string;
  readonly model_name: string;
  readonly ready: boolean;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface InferenceMethodsOptions extends CallContext {
  readonly service: InferenceService;
  /** Its definition, which reads and writes messages. */
  readonly definition: ServiceDefinition;
  readonly timeoutMs: number;
  /** Whether requests should be sent to this process. */
  readonly ready: () => boolean;
}

/** Also answers for an unknown model, because Triton's clients expect an answer over gRPC. */
function isReady(service: InferenceService, name: string, version: string): boolean {
  try {
    return service.modelReady(name, version);
  } catch (error) {
    if (error instanceof ModelNotServedError) return false;
    throw error;
  }
}

/** The methods of `inference.GRPCInferenceService`, with bytes as messages. */
export function inferenceMethods(options: InferenceMethodsOptions): UntypedServiceImplementation {
  const { service, definition, ready } = options;
  const method = <Request>(name: string, run: (request: Request) => object | Promise<object>) => {
    const { responseSerialize } = definition[name]!;
    return unary(options, async (bytes: Buffer) =>
      responseSerialize(await run(readMessage<Request>(definition[name]!, bytes))),
    );
  };
  return {
    ServerLive: method('ServerLive', () => ({ live: true })),
    ServerReady: method('ServerReady', () => ({ ready: ready() && service.serverReady() })),
    ModelReady: method<OfModel>('ModelReady', ({ name, version }) => ({
      ready: isReady(service, name, version),
    })),
    ServerMetadata: method('ServerMetadata', () => service.serverMetadata()),
    ModelMetadata: method<OfModel>('ModelMetadata', ({ name, version }) => {
      return modelMetadataMessage(service.modelMetadata(name, version));
    }),
    ModelConfig: method<OfModel>('ModelConfig', ({ name, version }) => ({
      config: modelConfigMessage(service.modelConfig(name, version)),
    })),
    ModelStatistics: method<OfModel>('ModelStatistics', ({ name, version }) => ({
      model_stats: service.statistics(name, version).map(statisticsMessage),
    })),
    RepositoryIndex: method<OfRepository>('RepositoryIndex', async (request) => {
      refuseRepository(request);
      return { models: await service.repositoryIndex(request.ready) };
    }),
    RepositoryModelLoad: method<OfRepository>('RepositoryModelLoad', async (request) => {
      refuseRepository(request);
      await service.repositoryLoad(request.model_name);
      return {};
    }),
    RepositoryModelUnload: method<OfRepository>('RepositoryModelUnload', async (request) => {
      refuseRepository(request, ['unload_dependents']);
      await service.repositoryUnload(request.model_name);
      return {};
    }),
    ModelInfer: unary(options, async (bytes: Buffer, call) => {
      const request = readInferRequest(bytes);
      limitByParameter(call, request);
      return inferResponseBytes(await service.infer(request), request);
    }),
    ModelStreamInfer: streamInfer(options),
  };
}

/**
 * Checks that a request does not name a repository or change a model.
 * @throws InferenceMessageError
 */
function refuseRepository(
  { repository_name: name, parameters }: OfRepository,
  taken: readonly string[] = [],
): void {
  if (name !== '') {
    throw new InferenceMessageError(
      `Repositories have no names here, but "repository_name" is given`,
      'leave it out',
    );
  }
  const others = Object.keys(parameters ?? {}).filter((key) => !taken.includes(key));
  if (others.length === 0) return;
  throw new InferenceMessageError(
    `The parameters ${quoted(others)} would change a model`,
    'load it without them, as it was saved',
  );
}
