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
 * Where and how the protocol is served over gRPC: on a port of its own, from when the application is
 * initialized until it shuts down.
 *
 * @publicApi
 */
export interface VtsGrpcOptions {
  /**
   * 0 for one that is free: `app.get(VtsGrpcServer).port` tells which. Triton's is 8001, KServe's
   * 8081. A Unix socket has none; give 0.
   */
  port: number;
  /**
   * The address that it listens on: `::` for IPv6 as well, `127.0.0.1` for this machine alone,
   * `unix:/run/vts.sock` for a Unix socket.
   *
   * @default '0.0.0.0'
   */
  host?: string;
  /**
   * TLS: the certificate and its key, or `ServerCredentials` of `@grpc/grpc-js`, which then has to be
   * installed beside this package.
   *
   * @default none: plain text
   */
  credentials?: VtsGrpcTls | GrpcServerCredentials;
  /** Largest message in bytes: RESOURCE_EXHAUSTED. @default `maxBodyBytes` of the module */
  maxMessageBytes?: number;
  /** Tell clients such as grpcurl what can be called (`grpc.reflection`, v1 and v1alpha). @default true */
  reflection?: boolean;
  /**
   * `grpc.health.v1`: the health of the server (`''`) and of each model by its name, for probes and for
   * clients that balance by it. It is open to everybody, as it tells no more than that.
   *
   * @default true
   */
  health?: boolean;
  /** More are closed at once. @default as many as the process may have files open */
  maxConnections?: number;
  /** Calls in progress on one connection; clients keep more for themselves. @default 1000 */
  maxConcurrentStreams?: number;
  /**
   * Milliseconds after which a peer is asked whether it is still there; one that does not answer for
   * as long, or for 20 seconds, is cut off. 0 for never: Node then keeps connections on which a peer
   * has broken HTTP/2 and left.
   *
   * @default 60000
   */
  keepaliveMs?: number;
  /**
   * Milliseconds after which a connection is closed in good order and its client opens another:
   * behind a balancer of connections, such as a Service of Kubernetes, new replicas get no calls
   * without it.
   *
   * @default none
   */
  maxConnectionAgeMs?: number;
}

/** A server's certificate. All of them are PEM texts, not paths. @publicApi */
export interface VtsGrpcTls {
  /** The certificate, and those between it and the root. */
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** Clients have to show a certificate of these authorities. @default none: clients show none */
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
