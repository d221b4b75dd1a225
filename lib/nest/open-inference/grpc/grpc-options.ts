import {
  count,
  flag,
  group,
  milliseconds,
  numberFrom,
  required,
  text,
  type OptionCheck,
  type OptionTable,
} from '../../../serving/options.js';

/**
 * Options for serving the protocol over gRPC on a separate port. The server runs from the
 * initialization of the application until its shutdown.
 *
 * @publicApi
 */
export interface VtsGrpcOptions {
  /**
   * 0 picks a free port, which `app.get(VtsGrpcServer).port` returns. Triton uses 8001 and KServe 8081. For a Unix socket, use 0.
   */
  port: number;
  /**
   * The address to listen on: `::` also for IPv6, `127.0.0.1` only for this machine,
   * `unix:/run/vts.sock` for a Unix socket.
   *
   * @default '0.0.0.0'
   */
  host?: string;
  /**
   * TLS: the certificate and its key, or `ServerCredentials` of `@grpc/grpc-js`, which must then be
   * installed next to this package.
   *
   * @default none: plain text
   */
  credentials?: VtsGrpcTls | GrpcServerCredentials;
  /**
   * The largest message in bytes; above it, RESOURCE_EXHAUSTED. @default `maxBodyBytes` of the
   * module
   */
  maxMessageBytes?: number;
  /**
   * Describe the methods to clients such as grpcurl (`grpc.reflection`, v1 and v1alpha). @default
   * true
   */
  reflection?: boolean;
  /**
   * `grpc.health.v1`: the health of the server (`''`) and of each model by name, for probes and for
   * clients that balance by health. It is open to everybody because it does not reveal anything
   * else.
   *
   * @default true
   */
  health?: boolean;
  /**
   * The limit on connections. Further ones are closed at once. @default the process's limit of open
   * files
   */
  maxConnections?: number;
  /**
   * The limit on calls in progress on one connection. Clients hold back further calls. @default
   * 1000
   */
  maxConcurrentStreams?: number;
  /**
   * Milliseconds between pings to a peer. A peer that does not answer for the same time, or for 20
   * seconds, is cut off. 0 turns pings off: Node then keeps connections whose peer has broken
   * HTTP/2 and left.
   *
   * @default 60000
   */
  keepaliveMs?: number;
  /**
   * Milliseconds after which a connection is closed cleanly, so that its client opens another.
   * Without it, new replicas behind a connection balancer, such as a Kubernetes Service, do not get
   * calls.
   *
   * @default none
   */
  maxConnectionAgeMs?: number;
}

/** A server's certificate. All members are PEM strings, not paths. @publicApi */
export interface VtsGrpcTls {
  /** The certificate, followed by the intermediate ones. */
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /**
   * Require clients to present a certificate of these authorities. @default none: clients need no
   * certificate
   */
  readonly clientCa?: string | Uint8Array;
}

/** `ServerCredentials` of `@grpc/grpc-js`. @publicApi */
export type GrpcServerCredentials = object & { readonly cert?: never; readonly key?: never };

const pem = required(
  (value) => (typeof value === 'string' || value instanceof Uint8Array) && isPem(value),
  'give the text of a PEM file, as readFileSync(path) reads it',
  () => 'not PEM',
);

const tls: OptionCheck = (value, option, refuse) => {
  for (const name of ['cert', 'key', 'clientCa'] as const) {
    const given = (value as VtsGrpcTls)[name];
    if (name !== 'clientCa' || given !== undefined) pem(given, `${option}.${name}`, refuse);
  }
};

const credentials: OptionCheck = (value, option, refuse) => {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null) {
    const remedy = 'use { cert, key } or ServerCredentials of @grpc/grpc-js';
    return refuse(option, 'is not an object', remedy);
  }
  if (isTls(value)) tls(value, option, refuse);
};

const table: OptionTable<VtsGrpcOptions> = {
  port: required(
    (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535,
    'use a port from 0 to 65535',
  ),
  host: text('give an address, or unix:/path', /./),
  credentials,
  maxMessageBytes: numberFrom(1, 2 ** 31 - 1),
  reflection: flag,
  health: flag,
  maxConnections: count,
  maxConcurrentStreams: count,
  keepaliveMs: milliseconds(0),
  maxConnectionAgeMs: milliseconds(1000),
};

export const grpcOptions = group(table);

export function isTls(given: object): given is VtsGrpcTls {
  return 'cert' in given || 'key' in given;
}

function isPem(given: string | Uint8Array): boolean {
  return Buffer.from(given).subarray(0, 65_536).includes('-----BEGIN ');
}
