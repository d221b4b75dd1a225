/** Texts in PEM, or their bytes. */
export interface GrpcTls {
  /** Whom to trust. @default the authorities that Node trusts */
  readonly ca?: string | Uint8Array;
  /** The client's own certificate, with its `key`. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name that the server's certificate must have. @default the host of the URL */
  readonly serverName?: string;
}

/** How a server is reached over gRPC. */
export interface GrpcTransportOptions {
  /** Even without members it asks for TLS, whatever the address. */
  readonly tls?: GrpcTls | undefined;
  /** Metadata of every call. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds until a call is given up, streams left out; 0 for no limit. @default 0 */
  readonly timeoutMs?: number;
  /** Bytes of a message, sent or received. @default 64 MiB */
  readonly maxMessageBytes?: number;
  /**
   * Milliseconds between pings while there are calls, by which a peer that is gone without a word
   * is noticed. Servers count pings that come while they send nothing: Triton, as it is configured,
   * closes a connection at the third within 5 minutes each, so calls that take it several minutes
   * need 300_000.
   *
   * @default 60_000
   */
  readonly keepaliveMs?: number;
  /** Milliseconds that a ping waits for its answer before the connection is given up. @default 10_000 */
  readonly keepaliveTimeoutMs?: number;
  /** Milliseconds before a connection that failed is tried again, at first. @default 100 */
  readonly reconnectMs?: number;
  /** And at most, as tries fail. @default 5_000 */
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

/** With defaults where there is nothing. */
export function withDefaults(options: GrpcTransportOptions): CheckedGrpcOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}
