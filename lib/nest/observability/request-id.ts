import { randomUUID } from 'node:crypto';
import { rawRequest } from '../http/platform.js';
import { RequestRecord } from '../http/request-record.js';

/** @publicApi */
export interface VtsRequestIdOptions {
  /** The name of the header in requests and responses. @default 'X-Request-Id' */
  header?: string;
}

const DEFAULT_HEADER = 'X-Request-Id';

/**
 * Ids go into logs and into a response header, so they must not have spaces, quotes or other
 * special characters.
 */
const ID = /^[\w.:+/=@~-]{1,128}$/;

/** The id of a request: its own, if that is valid, or else a new one. */
export class RequestIds {
  readonly #header: string;
  /** The header's name in lower case, as in gRPC metadata. */
  readonly key: string;

  constructor({ header = DEFAULT_HEADER }: VtsRequestIdOptions = {}) {
    this.#header = header;
    this.key = header.toLowerCase();
  }

  idFor(brought: unknown): string {
    return typeof brought === 'string' && ID.test(brought) ? brought : randomUUID();
  }

  give(record: RequestRecord): void {
    record.id = this.idFor(record.request.headers[this.key]);
    record.response.setHeader(this.#header, record.id);
  }
}

/**
 * The id of a request, as in the response's `X-Request-Id`. Use it in log lines, and pass it on to
 * other services.
 *
 * @example
 * \@Post('reviews')
 * add(@Req() request: Request) {
 *   this.logger.log({ message: 'a review', requestId: requestIdOf(request) });
 * }
 *
 * @returns Undefined if request ids are turned off.
 * @publicApi
 */
export function requestIdOf(request: object): string | undefined {
  return RequestRecord.of(rawRequest(request))?.id;
}
