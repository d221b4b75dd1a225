import type {
  GenerateRequest,
  GenerateResponse,
  InferenceCallOptions,
  InferenceStatus,
  InferenceTransport,
} from '../../lib/client/contract.js';
import { InferenceError, type InferenceFailure } from '../../lib/client/errors.js';
import type {
  InferRequest,
  InferResponse,
  ModelMetadata,
} from '../../lib/client/protocol/messages.js';
import type { RemoteAddress } from '../../lib/serving/runner/remote-options.js';
import type { Network } from '../../lib/serving/remote/targets.js';

const METADATA: ModelMetadata = {
  name: 'm',
  versions: ['1'],
  platform: 'onnx',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }],
};

export function inferenceError(
  status: InferenceStatus,
  failure: Partial<InferenceFailure> = {},
): InferenceError {
  return new InferenceError(`it is ${status}`, { status, mayHaveRun: false, ...failure });
}

type Answer = InferResponse | Error | 'never';

/** A server of one model, as a transport: it answers with its inputs, or as it is told to. */
export class FakeServer {
  up = true;
  ready = true;
  metadata = METADATA;
  version = '1';
  /** What is answered next, before what it answers by itself. */
  readonly answers: Answer[] = [];
  readonly requests: InferRequest[] = [];
  readonly options: InferenceCallOptions[] = [];
  probes = 0;
  described = 0;
  closed = false;

  constructor(readonly name = 'a') {}

  get transport(): InferenceTransport {
    const refuse = (): never => {
      throw new Error('not served');
    };
    return {
      infer: (request, options) => this.#infer(request, options),
      generate: async (request, options) => {
        await this.#infer(asInfer(request), options);
        return { modelName: 'm', modelVersion: this.version, text: `${request.text} more` };
      },
      generateStream: (request, options) => this.#stream(request, options),
      serverLive: async () => this.up,
      serverReady: async () => this.ready,
      modelReady: async () => {
        this.probes++;
        if (!this.up) throw inferenceError('UNAVAILABLE');
        return this.ready;
      },
      serverMetadata: async () => refuse(),
      modelMetadata: async () => {
        this.described++;
        return this.metadata;
      },
      modelConfig: async () => refuse(),
      statistics: async () => refuse(),
      repositoryIndex: async () => refuse(),
      repositoryLoad: async () => refuse(),
      repositoryUnload: async () => refuse(),
      close: async () => {
        this.closed = true;
      },
    };
  }

  async #infer(request: InferRequest, options: InferenceCallOptions): Promise<InferResponse> {
    if (!this.up) throw inferenceError('UNAVAILABLE');
    this.requests.push(request);
    this.options.push(options);
    const answer = this.answers.shift();
    if (answer instanceof Error) throw answer;
    if (answer === 'never') {
      await new Promise((_, reject) => {
        options.signal?.addEventListener('abort', () => reject(inferenceError('CANCELLED')));
      });
    }
    if (answer !== undefined && answer !== 'never') return answer;
    const outputs = request.inputs.map((input) => ({ ...input, name: 'y' }));
    return { modelName: 'm', modelVersion: this.version, outputs };
  }

  async *#stream(
    request: GenerateRequest,
    options: InferenceCallOptions,
  ): AsyncGenerator<GenerateResponse> {
    await this.#infer(asInfer(request), options);
    const { version: modelVersion } = this;
    for (const text of ['one', 'two', 'three']) {
      const answer = this.answers.shift();
      if (answer instanceof Error) throw answer;
      yield { modelName: 'm', modelVersion, text };
    }
  }
}

function asInfer({ modelName, modelVersion, parameters }: GenerateRequest): InferRequest {
  return { modelName, modelVersion, inputs: [], ...(parameters && { parameters }) };
}

/** A network of such servers, by their URLs or by the hosts that a name stands for. */
export function fakeNetwork(
  servers: ReadonlyMap<string, FakeServer>,
  hosts: () => readonly string[] = () => [],
): Network {
  return {
    lookUp: async () => hosts(),
    connect: async ({ url }: RemoteAddress, host) => {
      const server = servers.get(host ?? url);
      if (server === undefined) throw inferenceError('UNAVAILABLE');
      return server.transport;
    },
  };
}
