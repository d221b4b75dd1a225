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
 * Ids go into logs and back into a header: no spaces, quotes or anything that a reader may take for
 * something else.
 */
const ID = /^[\w.:+/=@~-]{1,128}$/;

/** The id of a request: the one that it brought, where that can be used, else a new one. */
export class RequestIds {
  readonly #header: string;
  /** The header's name in small letters, as it is in metadata of gRPC too. */
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
 * @returns Undefined where request ids are turned off.
 * @publicApi
 */
export function requestIdOf(request: object): string | undefined {
  return RequestRecord.of(rawRequest(request))?.id;
}
