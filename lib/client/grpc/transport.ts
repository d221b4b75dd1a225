import type {
  GenerateRequest,
  GenerateResponse,
  InferenceCallOptions,
  InferenceTransport,
  ModelConfig,
  ModelStatistics,
  RepositoryModel,
} from '../contract.js';
import { InferenceError } from '../errors.js';
import { InferenceMessageError } from '../protocol/errors.js';
import type {
  InferRequest,
  InferResponse,
  ModelMetadata,
  ServerMetadata,
} from '../protocol/messages.js';
import {
  readModelConfig,
  readModelMetadata,
  readRepositoryModel,
  readStatistics,
  type ModelConfigMessage,
  type ModelMetadataMessage,
  type ModelStatisticsMessage,
  type RepositoryModelMessage,
} from './answers.js';
import { GrpcConnection, type Method } from './connection.js';
import { loadInferenceDefinition, type InferenceDefinition } from './definition.js';
import { brokenAnswer, unsendable } from './failures.js';
import { generateAsInfer, readGenerated, STATUS_OF_STREAM } from './generate.js';
import { loadGrpc } from './load.js';
import { inferRequestBytes, readInferResponse, readStreamResponse } from './messages.js';
import { withDefaults, type GrpcTransportOptions } from './options.js';

/**
 * A transport over gRPC. Nothing is connected before the first call.
 *
 * @param url `grpc://host:port`, `grpcs://host:port` (TLS), `dns:///host:port` (every address of
 * the name in turn), `ipv4:address:port,...` or `unix:/path`.
 * @throws InferenceError for an invalid address or invalid certificates.
 */
export async function createGrpcTransport(
  url: string,
  options: GrpcTransportOptions = {},
): Promise<InferenceTransport> {
  const definition = await loadInferenceDefinition();
  const connection = new GrpcConnection(loadGrpc().grpc, url, withDefaults(options));
  return new GrpcTransport(url, connection, definition);
}

/** The model of a request: `version` is '' for the latest. */
interface Named {
  readonly name: string;
  readonly version: string;
}

class GrpcTransport implements InferenceTransport {
  constructor(
    private readonly url: string,
    private readonly connection: GrpcConnection,
    private readonly definition: InferenceDefinition,
  ) {}

  async infer(request: InferRequest, options: InferenceCallOptions): Promise<InferResponse> {
    const bytes = await this.#call<Buffer, Buffer>('ModelInfer', messageOf(request), options);
    return this.#read('ModelInfer', () => readInferResponse(bytes));
  }

  async generate(
    request: GenerateRequest,
    options: InferenceCallOptions,
  ): Promise<GenerateResponse> {
    const response = await this.infer(generateAsInfer(request), options);
    return this.#read('ModelInfer', () => readGenerated(response));
  }

  async *generateStream(
    request: GenerateRequest,
    options: InferenceCallOptions,
  ): AsyncGenerator<GenerateResponse> {
    for await (const response of this.inferStream(generateAsInfer(request), options)) {
      yield this.#read('ModelStreamInfer', () => readGenerated(response));
    }
  }

  async *inferStream(
    request: InferRequest,
    { headers, ...options }: InferenceCallOptions,
  ): AsyncGenerator<InferResponse> {
    const method = this.#method<Buffer, Buffer>('ModelStreamInfer');
    const message = messageOf(request);
    const withStatus = { [STATUS_OF_STREAM]: 'true', ...headers };
    for await (const bytes of this.connection.stream(method, message, {
      ...options,
      headers: withStatus,
    })) {
      const answer = this.#read('ModelStreamInfer', () => readStreamResponse(bytes));
      if (answer.error !== undefined) {
        throw new InferenceError(`${answer.error} (within ModelStreamInfer of ${this.url})`, {
          status: 'INTERNAL',
          mayHaveRun: true,
        });
      }
      const { response } = answer;
      // Triton ends some streams with an answer that has only a flag.
      if (response.outputs.length > 0) yield response;
    }
  }

  async serverLive(options: InferenceCallOptions): Promise<boolean> {
    return (await this.#call<object, { live: boolean }>('ServerLive', {}, options)).live;
  }

  async serverReady(options: InferenceCallOptions): Promise<boolean> {
    return (await this.#call<object, { ready: boolean }>('ServerReady', {}, options)).ready;
  }

  async modelReady(name: string, version: string, options: InferenceCallOptions): Promise<boolean> {
    const named = { name, version };
    return (await this.#call<Named, { ready: boolean }>('ModelReady', named, options)).ready;
  }

  serverMetadata(options: InferenceCallOptions): Promise<ServerMetadata> {
    return this.#call<object, ServerMetadata>('ServerMetadata', {}, options);
  }

  async modelMetadata(
    name: string,
    version: string,
    options: InferenceCallOptions,
  ): Promise<ModelMetadata> {
    const named = { name, version };
    const message = await this.#call<Named, ModelMetadataMessage>('ModelMetadata', named, options);
    return this.#read('ModelMetadata', () => readModelMetadata(message));
  }

  async modelConfig(
    name: string,
    version: string,
    options: InferenceCallOptions,
  ): Promise<ModelConfig> {
    type Message = { config: ModelConfigMessage | null };
    const named = { name, version };
    const { config } = await this.#call<Named, Message>('ModelConfig', named, options);
    return this.#read('ModelConfig', () => {
      if (config !== null) return readModelConfig(config);
      throw new InferenceMessageError('It has no configuration', 'use another server');
    });
  }

  async statistics(
    name: string,
    version: string,
    options: InferenceCallOptions,
  ): Promise<readonly ModelStatistics[]> {
    type Message = { model_stats: ModelStatisticsMessage[] };
    const named = { name, version };
    const { model_stats } = await this.#call<Named, Message>('ModelStatistics', named, options);
    return model_stats.map(readStatistics);
  }

  async repositoryIndex(
    ready: boolean,
    options: InferenceCallOptions,
  ): Promise<readonly RepositoryModel[]> {
    type Message = { models: RepositoryModelMessage[] };
    const { models } = await this.#call<object, Message>('RepositoryIndex', { ready }, options);
    return models.map(readRepositoryModel);
  }

  async repositoryLoad(name: string, options: InferenceCallOptions): Promise<void> {
    await this.#call('RepositoryModelLoad', { model_name: name }, options);
  }

  async repositoryUnload(name: string, options: InferenceCallOptions): Promise<void> {
    await this.#call('RepositoryModelUnload', { model_name: name }, options);
  }

  async close(): Promise<void> {
    this.connection.close();
  }

  #call<Request, Response>(
    name: string,
    request: Request,
    options: InferenceCallOptions,
  ): Promise<Response> {
    return this.connection.unary(this.#method<Request, Response>(name), request, options);
  }

  #method<Request, Response>(name: string): Method<Request, Response> {
    const { path, requestSerialize, responseDeserialize } = this.definition.service[name]!;
    const deserialize = (bytes: Buffer): Response =>
      this.#read(name, () => responseDeserialize(bytes) as Response);
    return { path, requestSerialize, responseDeserialize: deserialize };
  }

  /** Reads an answer. @throws InferenceError if it breaks the protocol. */
  #read<Value>(name: string, read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      throw brokenAnswer(`${name} of ${this.url}`, error as Error);
    }
  }
}

/** @throws InferenceError for values that a message cannot hold. */
function messageOf(request: InferRequest): Buffer {
  try {
    return inferRequestBytes(request);
  } catch (error) {
    if (!(error instanceof InferenceMessageError)) throw error;
    throw unsendable(error.message, 'INVALID_ARGUMENT', error);
  }
}
