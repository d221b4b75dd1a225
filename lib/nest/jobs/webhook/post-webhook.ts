import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { PrivateWebhookAddressError } from './errors.js';
import { isPublicHost, lookupPublic } from './public-address.js';

export interface WebhookPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  /** Whether connections to private addresses are refused. */
  readonly publicOnly: boolean;
}

/** The longest Retry-After that is respected. */
const LONGEST_WAIT_SECONDS = 24 * 3600;

/** The outcome of an attempt: a receiver that accepts a message answers with 2xx. */
export interface WebhookOutcome {
  readonly status: number;
  /** Seconds, if the receiver asks for more time. */
  readonly retryAfter: number | undefined;
}

/**
 * Posts a message, once. Redirects are not followed, and nothing of the answer's body is kept.
 *
 * @throws Where there was no answer in time.
 */
export function postWebhook(post: WebhookPost): Promise<WebhookOutcome> {
  const url = new URL(post.url);
  // No lookup happens if the host is an IP address.
  if (post.publicOnly && !isPublicHost(url.hostname)) {
    return Promise.reject(new PrivateWebhookAddressError(url.hostname));
  }
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: 'POST',
        headers: {
          ...post.headers,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(post.body),
          'user-agent': 'nestjs-vts',
        },
        // A separate connection, so that unread data ends with it.
        agent: false,
        signal: AbortSignal.timeout(post.timeoutMs),
        ...(post.publicOnly && { lookup: lookupPublic }),
      },
      (response) => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, retryAfter: secondsOf(headers['retry-after']) });
        response.destroy();
      },
    );
    request.on('error', (error) =>
      reject(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? new Error(`no answer within ${post.timeoutMs} ms`, { cause: error })
          : error,
      ),
    );
    request.end(post.body);
  });
}

function secondsOf(header: string | undefined): number | undefined {
  const seconds = /^\d{1,9}$/.test(header ?? '') ? Number(header) : undefined;
  return seconds === undefined ? undefined : Math.min(seconds, LONGEST_WAIT_SECONDS);
}
