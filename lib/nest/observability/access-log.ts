import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { VTS_ACCESS_CONTEXT } from '../vts.constants.js';

/** The logged facts about a request. */
export interface LoggedRequest {
  readonly request: { readonly method?: string | undefined };
  readonly path: string;
  readonly route: string | undefined;
  readonly status: number;
  readonly grpcStatus?: string;
  readonly durationMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly remoteAddress: string | undefined;
  readonly id: string | undefined;
  readonly traceId: string | undefined;
}

/** @publicApi */
export interface VtsAccessLogOptions {
  /** Requests that are not logged. */
  skip?: (entry: AccessLogEntry) => boolean;
}

/**
 * One request in the access log. Loggers that write JSON get the fields; Nest's own writes a line.
 *
 * @publicApi
 */
export class AccessLogEntry {
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  /** The pattern of the route, such as `/models/:name`; undefined if none was found. */
  readonly route: string | undefined;
  /** 499 if the client disconnected before it was answered. */
  readonly status: number;
  /** For gRPC calls: `OK`, `NOT_FOUND`, and so on; their `status` is the equivalent HTTP status. */
  readonly grpcStatus?: string;
  /** Milliseconds from the request's arrival to the end of its response. */
  readonly durationMs: number;
  /**
   * Bytes of the bodies; for chunked bodies, including the chunk headers.
   */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** The client's address; behind a proxy, according to Express' `trust proxy`. */
  readonly remoteAddress: string | undefined;
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;

  /** @internal */
  constructor(record: LoggedRequest) {
    this.method = record.request.method ?? '';
    this.path = record.path;
    this.route = record.route;
    this.status = record.status;
    if (record.grpcStatus !== undefined) this.grpcStatus = record.grpcStatus;
    this.durationMs = Math.round(record.durationMs * 1000) / 1000;
    this.requestBytes = record.requestBytes;
    this.responseBytes = record.responseBytes;
    this.remoteAddress = record.remoteAddress;
    this.requestId = record.id;
    this.traceId = record.traceId;
  }

  toString(): string {
    const { method, path, durationMs, requestBytes, responseBytes, remoteAddress } = this;
    const status = [this.status, this.grpcStatus].filter((each) => each !== undefined).join(' ');
    const ids = [
      ...(this.requestId === undefined ? [] : [`request=${this.requestId}`]),
      ...(this.traceId === undefined ? [] : [`trace=${this.traceId}`]),
    ];
    const from = remoteAddress ?? '-';
    const line = `${from} ${method} ${path} ${status} ${durationMs} ms in=${requestBytes} out=${responseBytes}`;
    return [line, ...ids].join(' ');
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/**
 * Milliseconds for which lines are gathered: writing many at once takes a fraction of the time for
 * each.
 */
const GATHER_MS = 50;

/** Writes a line for each request through Nest's Logger. */
export class AccessLog {
  #waiting: AccessLogEntry[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #logger = new Logger(VTS_ACCESS_CONTEXT);
  readonly #skip: ((entry: AccessLogEntry) => boolean) | undefined;

  constructor({ skip }: VtsAccessLogOptions = {}) {
    this.#skip = skip;
  }

  write(record: LoggedRequest): void {
    if (!Logger.isLevelEnabled('log')) return;
    const entry = new AccessLogEntry(record);
    if (this.#skip?.(entry) === true) return;
    this.#waiting.push(entry);
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Writes what has been gathered. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const entry of this.#waiting.splice(0)) this.#logger.log(entry);
  }
}
