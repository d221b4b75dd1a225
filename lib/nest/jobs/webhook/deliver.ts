import { WebhookFailedError } from './errors.js';
import { postWebhook } from './post-webhook.js';
import { webhookHeaders } from './signature.js';
import type { WebhookOptions } from './webhook-options.js';

/** A message on its way, as it lies in the queue. */
export interface PendingWebhook {
  /** The same for each attempt; receivers tell by it what they have had before. */
  readonly id: string;
  readonly url: string;
  /** Whether a client named the address. */
  readonly requested: boolean;
  readonly body: string;
}

/** The receiver wants no more of these messages. */
const GONE = 410;

/**
 * Attempts to deliver a message.
 *
 * @returns false where it is not to be tried again, as its receiver is gone for good.
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

/** Milliseconds until the next attempt; random, so that messages do not come back all at once. */
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
