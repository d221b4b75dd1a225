import { checkTensor, unsent } from '../check-request.js';
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
import { hasAny } from '../protocol/checks.js';
import { InferenceMessageError } from '../protocol/errors.js';
import type {
  InferRequest,
  InferResponse,
  ModelMetadata,
  ServerMetadata,
} from '../protocol/messages.js';
import { readInferResponse } from '../protocol/rest-messages.js';
import { jsonText } from '../protocol/rest-tensors.js';
import {
  readGenerated,
  readModelConfig,
  readModelMetadata,
  readRepositoryIndex,
  readServerMetadata,
  readStatistics,
} from './answers.js';
import { BinaryChoice } from './binary-choice.js';
import { readBody, readStart } from './body.js';
import { CallLimits } from './call-limits.js';
import { readEvents } from './event-stream.js';
import { brokenAnswer, brokenCall, refusal } from './failures.js';
import { headersOf } from './headers.js';
import type { HttpResponse, HttpSender } from './http.js';
import { modelPath, repositoryPath } from './paths.js';

/** How many bytes of an answer are read at most for an error message. */
const MOST_OF_ERROR = 64 * 1024;

export interface RestTransportOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly timeoutMs: number;
  readonly binary?: boolean | undefined;
  readonly maxResponseBytes: number;
}

interface Call {
  readonly method: 'GET' | 'POST';
  /** The path after the server's URL. */
  readonly path: string;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The REST transport, over any HTTP client. */
export class RestTransport implements InferenceTransport {
  readonly #binary: BinaryChoice;

  /**
   * @param base The URL of the server. `/v2` is appended to it, whatever its path.
   * @param shown Its name in messages.
   */
  constructor(
    private readonly base: string,
    private readonly sender: HttpSender,
    private readonly options: RestTransportOptions,
    private readonly shown = base,
  ) {
    this.#binary = new BinaryChoice(base, options.binary);
  }

  async infer(request: InferRequest, options: InferenceCallOptions): Promise<InferResponse> {
    request.inputs.forEach(checkTensor);
    const path = modelPath(request.modelName, request.modelVersion, '/infer');
    const { asked, ...message } = unsent(() => this.#binary.message(request));
    return this.#exchange({ method: 'POST', path, ...message }, options, async (what, response) => {
      await accept(what, response);
      const body = await readBody(what, response, this.options.maxResponseBytes);
      const length = this.#binary.headerOf(what, response, asked);
      return readInferResponse(body, length);
    });
  }

  async generate(
    request: GenerateRequest,
    options: InferenceCallOptions,
  ): Promise<GenerateResponse> {
    return this.#read(generateCall(request, '/generate'), options, readGenerated);
  }

  async *generateStream(
    request: GenerateRequest,
    { timeoutMs = 0, ...options }: InferenceCallOptions,
  ): AsyncGenerator<GenerateResponse> {
    const call = generateCall(request, '/generate_stream');
    const what = this.#nameOf(call);
    const limits = new CallLimits({ timeoutMs, ...options }, what);
    try {
      const response = await this.#send(call, options, limits);
      await accept(what, response);
      if (!response.header('content-type').includes('text/event-stream')) {
        const start = new TextDecoder().decode(await readStart(response, MOST_OF_ERROR));
        readGenerated(what, start);
        throw brokenAnswer(what, 'it is not a stream of events.');
      }
      for await (const data of readEvents(what, response.body, this.options.maxResponseBytes)) {
        yield readGenerated(what, data);
      }
    } catch (error) {
      throw failure(what, limits, error);
    } finally {
      limits.release();
    }
  }

  serverLive(options: InferenceCallOptions): Promise<boolean> {
    return this.#is('/v2/health/live', options);
  }

  serverReady(options: InferenceCallOptions): Promise<boolean> {
    return this.#is('/v2/health/ready', options);
  }

  async modelReady(name: string, version: string, options: InferenceCallOptions): Promise<boolean> {
    return this.#is(modelPath(name, version, '/ready'), options);
  }

  serverMetadata(options: InferenceCallOptions): Promise<ServerMetadata> {
    return this.#read({ method: 'GET', path: '/v2' }, options, readServerMetadata);
  }

  async modelMetadata(
    name: string,
    version: string,
    options: InferenceCallOptions,
  ): Promise<ModelMetadata> {
    const path = modelPath(name, version);
    return this.#read({ method: 'GET', path }, options, readModelMetadata);
  }

  async modelConfig(
    name: string,
    version: string,
    options: InferenceCallOptions,
  ): Promise<ModelConfig> {
    const path = modelPath(name, version, '/config');
    return this.#read({ method: 'GET', path }, options, readModelConfig);
  }

  async statistics(
    name: string,
    version: string,
    options: InferenceCallOptions,
  ): Promise<readonly ModelStatistics[]> {
    const path = name === '' ? '/v2/models/stats' : modelPath(name, version, '/stats');
    return this.#read({ method: 'GET', path }, options, readStatistics);
  }

  repositoryIndex(
    ready: boolean,
    options: InferenceCallOptions,
  ): Promise<readonly RepositoryModel[]> {
    const call = post('/v2/repository/index', { ready });
    return this.#read(call, options, readRepositoryIndex);
  }

  async repositoryLoad(name: string, options: InferenceCallOptions): Promise<void> {
    await this.#read(post(repositoryPath(name, 'load'), {}), options, () => undefined);
  }

  async repositoryUnload(name: string, options: InferenceCallOptions): Promise<void> {
    await this.#read(post(repositoryPath(name, 'unload'), {}), options, () => undefined);
  }

  async close(): Promise<void> {
    this.sender.close();
  }

  /** A server that is not ready answers 503; Triton answers 400, and KServe says so in the body. */
  async #is(path: string, options: InferenceCallOptions): Promise<boolean> {
    return this.#exchange({ method: 'GET', path }, options, async (what, response) => {
      const says = ![400, 503].includes(response.status);
      if (says) await accept(what, response);
      const text = new TextDecoder().decode(await readStart(response, MOST_OF_ERROR));
      return says && !/^\s*\{[^{}]*"(live|ready)"\s*:\s*false\b/.test(text);
    });
  }

  /** Reads the JSON of an answer. */
  #read<T>(
    call: Call,
    options: InferenceCallOptions,
    read: (what: string, text: string) => T,
  ): Promise<T> {
    return this.#exchange(call, options, async (what, response) => {
      await accept(what, response);
      const body = await readBody(what, response, this.options.maxResponseBytes);
      return read(what, new TextDecoder().decode(body));
    });
  }

  async #exchange<T>(
    call: Call,
    { timeoutMs = this.options.timeoutMs, ...options }: InferenceCallOptions,
    read: (what: string, response: HttpResponse) => Promise<T>,
  ): Promise<T> {
    const what = this.#nameOf(call);
    const limits = new CallLimits({ timeoutMs, ...options }, what);
    try {
      return await read(what, await this.#send(call, options, limits));
    } catch (error) {
      throw failure(what, limits, error);
    } finally {
      limits.release();
    }
  }

  #send(
    { method, path, body, headers }: Call,
    options: InferenceCallOptions,
    ends: CallLimits,
  ): Promise<HttpResponse> {
    return this.sender.send({
      method,
      base: this.base,
      path,
      headers: headersOf([this.options.headers, options.headers], headers),
      ...(body && { body }),
      ends,
    });
  }

  #nameOf({ method, path }: Call): string {
    return `${method} ${this.shown}${path}`;
  }
}

/** @throws InferenceError for an answer that is not a result */
async function accept(what: string, response: HttpResponse): Promise<void> {
  if (response.status >= 200 && response.status < 300) return;
  throw refusal(what, response, await readStart(response, MOST_OF_ERROR));
}

/** The error of a failed call, in the form that callers get. */
function failure(what: string, limits: CallLimits, error: unknown): InferenceError {
  const ended = limits.failure();
  if (ended) return ended;
  if (error instanceof InferenceError) return error;
  if (error instanceof InferenceMessageError) return brokenAnswer(what, error.message, error);
  return brokenCall(what, error);
}

function post(path: string, message: object): Call {
  return {
    method: 'POST',
    path,
    body: new TextEncoder().encode(unsent(() => jsonText(message))),
    headers: { 'content-type': 'application/json' },
  };
}

function generateCall(
  { modelName, modelVersion, id, text, parameters }: GenerateRequest,
  behind: string,
): Call {
  return post(modelPath(modelName, modelVersion, behind), {
    ...(id !== undefined && { id }),
    text_input: text,
    ...(hasAny(parameters) && { parameters }),
  });
}
