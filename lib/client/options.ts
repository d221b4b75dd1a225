import { shortened, VtsError } from '../learner/errors/index.js';

/**
 * A client was made with a URL or an option that it cannot work with.
 *
 * @publicApi
 */
export class InferenceClientOptionError extends VtsError {}

/** Certificates and keys in PEM. Only in Node: browsers have their own. @publicApi */
export interface InferenceTls {
  /** Authorities to trust. @default Node's */
  readonly ca?: string | Uint8Array;
  /** The client's certificates, if the server requires one, and their key. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name that the server's certificate must have. @default the host of the URL */
  readonly serverName?: string;
}

/** @publicApi */
export interface InferenceClientOptions {
  /** Headers of each call; over gRPC, its metadata. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The time limit of a call in milliseconds; 0 for no limit. It does not apply to
   * `generateStream`, which has its own.
   *
   * @default 60_000
   */
  readonly timeoutMs?: number;
  readonly tls?: InferenceTls;
  /**
   * Over REST: whether to send tensors as raw bytes, with Triton's extension "binary_tensor_data",
   * or as JSON. By default, the first answer shows what the server supports. Values that JSON
   * cannot carry exactly (FP16, NaN, bytes that are not UTF-8, large numbers) are sent as raw bytes
   * in any case. A page from another origin uses JSON, because it may not read the header that raw
   * bytes need. gRPC always sends raw bytes.
   */
  readonly binary?: boolean;
  /**
   * The limit on the bytes of an answer, and of an event in a stream. Larger ones are
   * RESOURCE_EXHAUSTED.
   *
   * @default 64 MiB
   */
  readonly maxResponseBytes?: number;
  /**
   * Over gRPC: milliseconds between pings while calls are in progress; 0 for none. Pings detect a
   * peer that disappeared silently: without an answer within 10 seconds, calls fail with
   * UNAVAILABLE. Servers may close a connection with too many pings: by default, Triton does so at
   * the third within 5 minutes of a silent call. Such calls need 300_000 there. REST has no pings.
   *
   * @default 60_000
   */
  readonly keepaliveMs?: number;
  /** Replaces the built-in HTTP client over REST, such as with `fetch` of a framework or a test. */
  readonly fetch?: typeof globalThis.fetch;
}

/** With defaults. */
export interface CheckedOptions extends InferenceClientOptions {
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** The longest delay of a timer. */
const LONGEST_MS = 2 ** 31 - 1;
const DEFAULT_MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

/** @throws InferenceClientOptionError */
export function checkedOptions(options: InferenceClientOptions): CheckedOptions {
  const {
    timeoutMs = DEFAULT_TIMEOUT_MS,
    maxResponseBytes = DEFAULT_MAX_RESPONSE_BYTES,
    binary,
    keepaliveMs = 0,
    fetch,
  } = options;
  const check = (fits: boolean, name: string, given: unknown, wanted: string): void => {
    if (fits) return;
    throw new InferenceClientOptionError(
      `${name} is ${shortened(String(given), 40)}; give ${wanted}.`,
    );
  };
  check(typeof timeoutMs === 'number' && timeoutMs >= 0, 'timeoutMs', timeoutMs, 'milliseconds');
  check(
    Number.isSafeInteger(maxResponseBytes) && maxResponseBytes > 0,
    'maxResponseBytes',
    maxResponseBytes,
    'a number of bytes',
  );
  check(
    Number.isInteger(keepaliveMs) && keepaliveMs >= 0 && keepaliveMs <= LONGEST_MS,
    'keepaliveMs',
    keepaliveMs,
    `whole milliseconds up to ${LONGEST_MS}, or 0 for no pings`,
  );
  check([undefined, true, false].includes(binary), 'binary', binary, 'true, false or nothing');
  check([undefined, 'function'].includes(fetch && typeof fetch), 'fetch', fetch, 'a function');
  return { ...options, timeoutMs, maxResponseBytes };
}
