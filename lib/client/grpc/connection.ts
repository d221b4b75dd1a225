import type {
  CallOptions,
  ChannelOptions,
  Client,
  ClientDuplexStream,
  Metadata,
} from '@grpc/grpc-js';
import type * as Grpc from '@grpc/grpc-js';
import type { InferenceCallOptions } from '../contract.js';
import { parseGrpcAddress } from './address.js';
import { failureOf, unsendable, type CallFacts } from './failures.js';
import type { CheckedGrpcOptions, GrpcTls } from './options.js';

const same = (bytes: Buffer): Buffer => bytes;

/** How a message is sent. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** A client of grpc-js whose calls fail with InferenceError. */
export class GrpcConnection {
  readonly #client: Client;

  /** @throws InferenceError for an invalid address or certificate. */
  constructor(
    private readonly grpc: typeof Grpc,
    private readonly url: string,
    private readonly options: CheckedGrpcOptions,
  ) {
    const { target, secure, balanced } = parseGrpcAddress(url, options.tls !== undefined);
    const credentials = secure
      ? credentialsOf(grpc, url, options.tls ?? {})
      : grpc.credentials.createInsecure();
    this.#client = new grpc.Client(target, credentials, channelOptions(options, balanced));
  }

  /** A call of one message and one answer. @throws InferenceError */
  async unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: InferenceCallOptions,
  ): Promise<Response> {
    const call = new Call(this.grpc, this.#nameOf(method), options, this.options);
    const bytes = this.#bytesOf(method, request);
    let answer: Buffer;
    try {
      answer = await new Promise<Buffer>((resolve, reject) => {
        const sent = this.#client.makeUnaryRequest<Buffer, Buffer>(
          method.path,
          same,
          same,
          bytes,
          call.metadata,
          call.options,
          (error, value) => (error === null ? resolve(value as Buffer) : reject(error)),
        );
        call.cancelWith(() => sent.cancel());
      });
    } catch (error) {
      throw failureOf(error, call.facts);
    } finally {
      call.release();
    }
    return method.responseDeserialize(answer);
  }

  /** A call of one message and many answers. Leaving the iteration cancels it. @throws InferenceError */
  async *stream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { timeoutMs = 0, ...options }: InferenceCallOptions,
  ): AsyncGenerator<Response> {
    const call = new Call(this.grpc, this.#nameOf(method), { timeoutMs, ...options }, this.options);
    const bytes = this.#bytesOf(method, request);
    let sent: ClientDuplexStream<Buffer, Buffer> | undefined;
    try {
      sent = this.#client.makeBidiStreamRequest<Buffer, Buffer>(
        method.path,
        same,
        same,
        call.metadata,
        call.options,
      );
      // The iteration throws it.
      sent.on('error', () => undefined);
      call.cancelWith(() => sent?.cancel());
      sent.end(bytes);
      for await (const answer of sent) yield method.responseDeserialize(answer as Buffer);
    } catch (error) {
      throw failureOf(error, call.facts);
    } finally {
      call.release();
      sent?.cancel();
    }
  }

  close(): void {
    this.#client.close();
  }

  #nameOf({ path }: Method<never, unknown>): string {
    return `${path.slice(path.lastIndexOf('/') + 1)} of ${this.url}`;
  }

  #bytesOf<Request>(method: Method<Request, unknown>, request: Request): Buffer {
    const bytes = method.requestSerialize(request);
    const most = this.options.maxMessageBytes;
    if (bytes.length <= most) return bytes;
    throw unsendable(
      `${this.#nameOf(method)} would take ${bytes.length} bytes, but maxMessageBytes is ${most}; send less at once, or raise it on both sides.`,
      'RESOURCE_EXHAUSTED',
    );
  }
}

/** The options of a call, and the facts learned about it. */
class Call {
  readonly metadata: Metadata;
  readonly options: CallOptions;
  readonly #facts: { -readonly [Key in keyof CallFacts]: CallFacts[Key] };
  #cancel: (() => void) | undefined;

  constructor(
    grpc: typeof Grpc,
    what: string,
    { timeoutMs, signal, headers }: InferenceCallOptions,
    defaults: CheckedGrpcOptions,
  ) {
    const limit = timeoutMs ?? defaults.timeoutMs;
    this.#facts = { what, sent: false, timeoutMs: limit, signal };
    if (signal?.aborted === true) {
      throw unsendable(`${what} was cancelled by its signal.`, 'CANCELLED', signal.reason);
    }
    this.metadata = metadataOf(grpc, what, { ...defaults.headers, ...headers });
    this.options = {
      ...(limit > 0 && Number.isFinite(limit) && { deadline: Date.now() + limit }),
      // grpc-js requests these once it has a connection for the call, and before it sends anything.
      // It is the only public sign of whether a call can have arrived.
      credentials: grpc.credentials.createFromMetadataGenerator((_, done) => {
        this.#facts.sent = true;
        done(null, new grpc.Metadata());
      }),
    };
  }

  get facts(): CallFacts {
    return this.#facts;
  }

  cancelWith(cancel: () => void): void {
    this.#cancel = cancel;
    this.#facts.signal?.addEventListener('abort', cancel);
  }

  release(): void {
    if (this.#cancel) this.#facts.signal?.removeEventListener('abort', this.#cancel);
  }
}

/** Values of names that end in `-bin` are base64, as over HTTP. */
function metadataOf(
  grpc: typeof Grpc,
  what: string,
  headers: Readonly<Record<string, string>>,
): Metadata {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) {
    try {
      const binary = name.toLowerCase().endsWith('-bin');
      metadata.set(name, binary ? Buffer.from(value, 'base64') : value);
    } catch (error) {
      const reason = (error as Error).message;
      throw unsendable(
        `${what} cannot be sent with its headers (${reason}).`,
        'INVALID_ARGUMENT',
        error,
      );
    }
  }
  return metadata;
}

function credentialsOf(
  grpc: typeof Grpc,
  url: string,
  { ca, cert, key }: GrpcTls,
): Grpc.ChannelCredentials {
  const pem = (given: string | Uint8Array | undefined): Buffer | null =>
    given === undefined ? null : Buffer.from(given as string);
  try {
    return grpc.credentials.createSsl(pem(ca), pem(key), pem(cert));
  } catch (error) {
    const reason = (error as Error).message;
    throw unsendable(
      `The certificates for ${url} cannot be used (${reason}); give ca, cert and key in PEM, and cert and key together or not at all.`,
      'INVALID_ARGUMENT',
      error,
    );
  }
}

function channelOptions(options: CheckedGrpcOptions, balanced: boolean): ChannelOptions {
  const { maxMessageBytes, tls } = options;
  const policy = balanced ? { round_robin: {} } : { pick_first: {} };
  return {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [policy] }),
    // A service config must not decide how calls are sent or repeated.
    'grpc.service_config_disable_resolution': 1,
    // A separate connection, so that this client does not wait for another one.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_receive_message_length': maxMessageBytes,
    // With HTTP/2's default of 64 kB, a large answer waits for many round trips.
    'grpc-node.flow_control_window': WINDOW_BYTES,
    'grpc.keepalive_time_ms': options.keepaliveMs,
    'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs,
    'grpc.initial_reconnect_backoff_ms': options.reconnectMs,
    'grpc.max_reconnect_backoff_ms': options.maxReconnectMs,
    'grpc.dns_min_time_between_resolutions_ms': DNS_MS,
    ...(tls?.serverName !== undefined && {
      'grpc.ssl_target_name_override': tls.serverName,
      'grpc.default_authority': tls.serverName,
    }),
  };
}

const WINDOW_BYTES = 1024 * 1024;

/** A name is resolved again when a connection is lost, but not more often than this. */
const DNS_MS = 5_000;
