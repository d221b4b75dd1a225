import { refused } from './check-request.js';
import { connect } from './connect.js';
import type {
  GenerateResponse,
  InferenceCallOptions,
  InferenceTransport,
  ModelConfig,
  ModelStatistics,
  RepositoryModel,
} from './contract.js';
import { InferenceError } from './errors.js';
import { checkedOptions, type InferenceClientOptions } from './options.js';
import type {
  InferTensor,
  ModelMetadata,
  Parameters,
  RequestedOutput,
  ServerMetadata,
} from './protocol/messages.js';
import { InferenceResult } from './result.js';
import { parseServerUrl } from './server-url.js';
import { tensorOf, type InferValue } from './values.js';

/** A model by name, optionally with a version; by default the server's latest. @publicApi */
export type ModelRef = string | { readonly name: string; readonly version?: string };

/** @publicApi */
export interface InferOptions extends InferenceCallOptions {
  /** Returned with the answer. */
  readonly id?: string;
  readonly parameters?: Parameters;
  /** The outputs to return. @default all */
  readonly outputs?: readonly (string | RequestedOutput)[];
}

/** @publicApi */
export interface GenerateOptions extends InferenceCallOptions {
  readonly id?: string;
  /** Parameters of the model: for a fastai language model `n_words`, `temperature` and so on. */
  readonly parameters?: Parameters;
}

/**
 * A client for servers of the Open Inference Protocol ("V2"): this package, Triton, KServe,
 * MLServer and OpenVINO Model Server. Over REST it runs in browsers too.
 *
 * Every method throws an {@link InferenceError}. Its `status` names the kind of failure.
 *
 * @publicApi
 */
export class InferenceClient {
  readonly #connect: () => Promise<InferenceTransport>;
  #transport: Promise<InferenceTransport> | undefined;
  #closed = false;

  /**
   * Nothing is connected before the first call.
   *
   * @param url `http(s)://host:8000`, to which `/v2` is appended, optionally with a path; over gRPC
   * `grpc://host:8001`, `grpcs://host:8001` with TLS, `dns:///host:8001` for all addresses of a
   * name in turn. Unix sockets: `http+unix:/run/vts.sock`, with a URL path
   * `http+unix://%2Frun%2Fvts.sock/path`, and `unix:/run/vts.sock` for gRPC.
   * @throws InferenceClientOptionError
   */
  constructor(url: string | URL, options: InferenceClientOptions = {}) {
    const server = parseServerUrl(url);
    const checked = checkedOptions(options);
    this.#connect = () => connect(server, checked);
  }

  /**
   * Runs a model.
   *
   * @param inputs Tensors by name, or a list of tensors.
   * @throws InferenceError
   */
  async infer(
    model: ModelRef,
    inputs: readonly InferTensor[] | Readonly<Record<string, InferValue>>,
    { id, parameters, outputs, ...call }: InferOptions = {},
  ): Promise<InferenceResult> {
    const tensors = Array.isArray(inputs)
      ? (inputs as readonly InferTensor[])
      : Object.entries(inputs as Record<string, InferValue>).map(([name, value]) =>
          tensorOf(name, value),
        );
    const request = {
      ...modelOf(model),
      ...(id !== undefined && { id }),
      ...(parameters && { parameters }),
      inputs: tensors,
      ...(outputs && {
        outputs: outputs.map((output) => (typeof output === 'string' ? { name: output } : output)),
      }),
    };
    const transport = await this.#connected();
    return new InferenceResult(await transport.infer(request, call));
  }

  /**
   * Continues a text with a language model, by the extension "generate".
   *
   * @throws InferenceError
   */
  async generate(
    model: ModelRef,
    text: string,
    { id, parameters, ...call }: GenerateOptions = {},
  ): Promise<GenerateResponse> {
    const transport = await this.#connected();
    return transport.generate(generateRequest(model, text, id, parameters), call);
  }

  /**
   * The same, piece by piece. Leaving the iteration, such as with `break`, ends the call.
   *
   * @throws InferenceError
   */
  async *generateStream(
    model: ModelRef,
    text: string,
    { id, parameters, ...call }: GenerateOptions = {},
  ): AsyncGenerator<GenerateResponse, void, undefined> {
    const transport = await this.#connected();
    // Without its own limit, a text has no time limit.
    const options = { ...call, timeoutMs: call.timeoutMs ?? 0 };
    yield* transport.generateStream(generateRequest(model, text, id, parameters), options);
  }

  /** Whether the server is running. @throws InferenceError if it is not reached */
  async serverLive(options: InferenceCallOptions = {}): Promise<boolean> {
    return (await this.#connected()).serverLive(options);
  }

  /** Whether the server accepts requests. @throws InferenceError if it is not reached */
  async serverReady(options: InferenceCallOptions = {}): Promise<boolean> {
    return (await this.#connected()).serverReady(options);
  }

  /** @throws InferenceError NOT_FOUND if the server says that it does not know the model */
  async modelReady(model: ModelRef, options: InferenceCallOptions = {}): Promise<boolean> {
    const { modelName, modelVersion } = modelOf(model);
    return (await this.#connected()).modelReady(modelName, modelVersion, options);
  }

  async serverMetadata(options: InferenceCallOptions = {}): Promise<ServerMetadata> {
    return (await this.#connected()).serverMetadata(options);
  }

  /** The inputs and outputs of the model. */
  async modelMetadata(model: ModelRef, options: InferenceCallOptions = {}): Promise<ModelMetadata> {
    const { modelName, modelVersion } = modelOf(model);
    return (await this.#connected()).modelMetadata(modelName, modelVersion, options);
  }

  /** By the extension "model_configuration". */
  async modelConfig(model: ModelRef, options: InferenceCallOptions = {}): Promise<ModelConfig> {
    const { modelName, modelVersion } = modelOf(model);
    return (await this.#connected()).modelConfig(modelName, modelVersion, options);
  }

  /** By the extension "statistics"; without a model, of all models. */
  async statistics(
    model: ModelRef | undefined = undefined,
    options: InferenceCallOptions = {},
  ): Promise<readonly ModelStatistics[]> {
    const { modelName, modelVersion } = modelOf(model ?? '');
    return (await this.#connected()).statistics(modelName, modelVersion, options);
  }

  /** By the extension "model_repository": the models that the server has, loaded or not. */
  async repositoryIndex({
    readyOnly = false,
    ...options
  }: InferenceCallOptions & { readonly readyOnly?: boolean } = {}): Promise<
    readonly RepositoryModel[]
  > {
    return (await this.#connected()).repositoryIndex(readyOnly, options);
  }

  /** The names of the models of {@link repositoryIndex}, without duplicates. */
  async models(
    options: InferenceCallOptions & { readonly readyOnly?: boolean } = {},
  ): Promise<string[]> {
    return [...new Set((await this.repositoryIndex(options)).map(({ name }) => name))];
  }

  /** Servers refuse this by default. */
  async loadModel(name: string, options: InferenceCallOptions = {}): Promise<void> {
    return (await this.#connected()).repositoryLoad(name, options);
  }

  async unloadModel(name: string, options: InferenceCallOptions = {}): Promise<void> {
    return (await this.#connected()).repositoryUnload(name, options);
  }

  /** Closes the connections. Later calls are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    const transport = await this.#transport?.catch(() => undefined);
    await transport?.close();
  }

  async #connected(): Promise<InferenceTransport> {
    if (this.#closed) {
      throw new InferenceError('The client is closed; create another.', {
        status: 'CANCELLED',
        mayHaveRun: false,
      });
    }
    return (this.#transport ??= this.#connect());
  }
}

function modelOf(model: ModelRef): { modelName: string; modelVersion: string } {
  if (typeof model === 'string') return { modelName: model, modelVersion: '' };
  return { modelName: model.name, modelVersion: model.version ?? '' };
}

function generateRequest(
  model: ModelRef,
  text: string,
  id: string | undefined,
  parameters: Parameters | undefined,
) {
  if (typeof text !== 'string' || !text.isWellFormed()) {
    throw refused(
      'The text is not a string, or contains half of a surrogate pair; give a valid string.',
    );
  }
  return {
    ...modelOf(model),
    ...(id !== undefined && { id }),
    text,
    ...(parameters && { parameters }),
  };
}
