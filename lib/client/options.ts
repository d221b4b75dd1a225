import { shortened, VtsError } from '../learner/errors/index.js';

/**
 * A client was made with a URL or an option that it cannot work with.
 *
 * @publicApi
 */
export class InferenceClientOptionError extends VtsError {}

/** Certificates and keys in PEM. Node alone: browsers have their own. @publicApi */
export interface InferenceTls {
  /** Authorities to trust. @default Node's */
  readonly ca?: string | Uint8Array;
  /** The client's certificates, where the server asks for one, and their key. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name that the server's certificate must have. @default the host of the URL */
  readonly serverName?: string;
}

/** @publicApi */
export interface InferenceClientOptions {
  /** Headers of each call, over gRPC its metadata. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Milliseconds until a call is given up; 0 for no limit. `generateStream` has none but its own.
   *
   * @default 60_000
   */
  readonly timeoutMs?: number;
  readonly tls?: InferenceTls;
  /**
   * Over REST: whether tensors travel as raw bytes, by Triton's extension "binary_tensor_data", or
   * in JSON. Without it the first answer shows what the server speaks, and what JSON cannot carry
   * exactly (FP16, NaN, bytes that are not UTF-8, large numbers) goes as raw bytes in any case; a
   * page of another origin than the server uses JSON, as it may not read the header that raw bytes
   * need. gRPC always sends raw bytes.
   */
  readonly binary?: boolean;
  /**
   * Bytes of the largest answer that is read, and of an event in a stream. Larger ones are
   * RESOURCE_EXHAUSTED.
   *
   * @default 64 MiB
   */
  readonly maxResponseBytes?: number;
  /** Takes the place of the own HTTP client over REST, such as `fetch` of a framework or a test. */
  readonly fetch?: typeof globalThis.fetch;
}

/** With defaults. */
export interface CheckedOptions extends InferenceClientOptions {
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

/** @throws InferenceClientOptionError */
export function checkedOptions(options: InferenceClientOptions): CheckedOptions {
  const {
    timeoutMs = DEFAULT_TIMEOUT_MS,
    maxResponseBytes = DEFAULT_MAX_RESPONSE_BYTES,
    binary,
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
  check([undefined, true, false].includes(binary), 'binary', binary, 'true, false or nothing');
  check([undefined, 'function'].includes(fetch && typeof fetch), 'fetch', fetch, 'a function');
  return { ...options, timeoutMs, maxResponseBytes };
}
