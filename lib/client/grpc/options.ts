/** PEM strings, or their bytes. */
export interface GrpcTls {
  /** The authorities to trust. @default those that Node trusts */
  readonly ca?: string | Uint8Array;
  /** The client's own certificate, with its `key`. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name that the server's certificate must have. @default the host of the URL */
  readonly serverName?: string;
}

/** Options of a gRPC connection. */
export interface GrpcTransportOptions {
  /** An empty object also turns TLS on, whatever the address. */
  readonly tls?: GrpcTls | undefined;
  /** Metadata of every call. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The time limit of a call in milliseconds, except for streams; 0 for no limit. @default 0 */
  readonly timeoutMs?: number;
  /** The limit on the bytes of a message, sent or received. @default 64 MiB */
  readonly maxMessageBytes?: number;
  /**
   * Milliseconds between pings while calls are in progress. Pings detect a peer that disappeared
   * silently. Servers count pings that arrive while they send nothing: by default, Triton closes a
   * connection at the third ping within 5 minutes. Calls that take several minutes there need
   * 300_000.
   *
   * @default 60_000
   */
  readonly keepaliveMs?: number;
  /**
   * Milliseconds that a ping waits for its answer before the connection is closed. @default 10_000
   */
  readonly keepaliveTimeoutMs?: number;
  /** Milliseconds before a connection that failed is tried again, at first. @default 100 */
  readonly reconnectMs?: number;
  /** The longest delay, after repeated failures. @default 5_000 */
  readonly maxReconnectMs?: number;
}

const DEFAULTS = {
  timeoutMs: 0,
  maxMessageBytes: 64 * 1024 * 1024,
  keepaliveMs: 60_000,
  keepaliveTimeoutMs: 10_000,
  reconnectMs: 100,
  maxReconnectMs: 5_000,
};

export type CheckedGrpcOptions = GrpcTransportOptions & Readonly<typeof DEFAULTS>;

/** Fills in the defaults. */
export function withDefaults(options: GrpcTransportOptions): CheckedGrpcOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}
