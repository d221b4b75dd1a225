import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { InferRequest } from '../../lib/client/protocol/messages.js';
import { inferResponseBody, readInferRequest } from '../../lib/client/protocol/rest-messages.js';

/** A request that a server has got. */
export interface GotRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

type Answer = (got: GotRequest, response: ServerResponse) => void;

/** A server that answers as it is told, well or badly, and keeps what it got. */
export class InferenceServer implements AsyncDisposable {
  readonly got: GotRequest[] = [];
  readonly #server: Server;

  private constructor(answer: Answer) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request;
        const got = { method, path, headers, body: Buffer.concat(chunks) };
        this.got.push(got);
        answer(got, response);
      });
    });
  }

  static async start(answer: Answer, at: number | string = 0): Promise<InferenceServer> {
    const server = new InferenceServer(answer);
    await new Promise<void>((resolve) => {
      if (typeof at === 'string') server.#server.listen(at, resolve);
      else server.#server.listen(at, '127.0.0.1', resolve);
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };
}

/** Gives back the inputs, renamed, in the form that was asked for. */
export function echo(got: GotRequest, response: ServerResponse): void {
  const header = got.headers['inference-header-content-length'];
  const request: InferRequest = readInferRequest(got.body, header?.toString(), {
    modelName: 'm',
    modelVersion: '',
  });
  const outputs = request.inputs.map((input) => ({
    name: `${input.name}_out`,
    datatype: input.datatype,
    shape: input.shape,
    data: input.data,
  }));
  const { chunks, headerLength } = inferResponseBody(
    {
      modelName: 'm',
      modelVersion: '3',
      ...(request.id !== undefined && { id: request.id }),
      outputs,
    },
    request,
  );
  response.writeHead(200, {
    'content-type': headerLength === undefined ? 'application/json' : 'application/octet-stream',
    ...(headerLength !== undefined && { 'inference-header-content-length': headerLength }),
  });
  response.end(Buffer.concat(chunks));
}
