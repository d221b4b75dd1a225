import { WebhookFailedError } from './errors.js';
import { postWebhook } from './post-webhook.js';
import { webhookHeaders } from './signature.js';
import type { WebhookOptions } from './webhook-options.js';

/** A message as it is stored in the queue. */
export interface PendingWebhook {
  /** The same for each attempt, so receivers can recognize duplicates. */
  readonly id: string;
  readonly url: string;
  /** Whether a client named the URL. */
  readonly requested: boolean;
  readonly body: string;
}

/** The receiver does not want more of these messages. */
const GONE = 410;

/**
 * Attempts to deliver a message.
 *
 * @returns false if it must not be tried again, because the receiver is gone for good.
 * @throws WebhookFailedError, PrivateWebhookAddressError
 */
export async function deliver(
  { id, url, requested, body }: PendingWebhook,
  { keys, timeoutMs, allowPrivateAddresses }: WebhookOptions,
): Promise<boolean> {
  const { origin } = new URL(url);
  const timestamp = Math.floor(Date.now() / 1000);
  const publicOnly = requested && !allowPrivateAddresses;
  const headers = webhookHeaders(keys, { id, timestamp, body });
  const { status, retryAfter } = await postWebhook({
    url,
    headers,
    body,
    timeoutMs,
    publicOnly,
  }).catch((error: Error) => {
    throw new WebhookFailedError(origin, `cannot be reached (${error.message})`, undefined, {
      cause: error,
    });
  });
  if (status >= 200 && status < 300) return true;
  if (status === GONE) return false;
  throw new WebhookFailedError(origin, `answered ${status}`, retryAfter);
}

/** Milliseconds until the next attempt, randomized so that messages are not sent all at once. */
export function retryDelay(
  delays: readonly number[],
  attempts: number,
  error: unknown,
  random = Math.random,
): number {
  const planned = (delays[attempts - 1] ?? 0) * (1 + 0.2 * random());
  const asked = error instanceof WebhookFailedError ? (error.retryAfter ?? 0) * 1000 : 0;
  return Math.round(Math.max(planned, asked));
}
