import { createHmac } from 'node:crypto';

/** The key lengths in bytes that the Standard Webhooks specification allows. */
const LEAST_BYTES = 24;
const MOST_BYTES = 64;
const PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z\d+/]+={0,2}$/;

/**
 * The key in a secret such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`; undefined if it is not
 * valid.
 */
export function webhookKey(secret: unknown): Buffer | undefined {
  if (typeof secret !== 'string' || !secret.startsWith(PREFIX)) return undefined;
  const encoded = secret.slice(PREFIX.length);
  if (!BASE64.test(encoded)) return undefined;
  const key = Buffer.from(encoded, 'base64');
  return key.length < LEAST_BYTES || key.length > MOST_BYTES ? undefined : key;
}

/** A message with the parts that are signed. */
export interface SignedMessage {
  /** The same for each attempt to deliver it. */
  readonly id: string;
  /** Of this attempt, in seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

/** The headers of the Standard Webhooks specification, with one signature for each key. */
export function webhookHeaders(
  keys: readonly Uint8Array[],
  { id, timestamp, body }: SignedMessage,
): Record<string, string> {
  const content = `${id}.${timestamp}.${body}`;
  const signatures = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`,
  );
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}
