import { shortened } from '../../../learner/errors/index.js';
import { WebhookRefusedError } from './errors.js';
import { isPublicHost } from './public-address.js';
import { httpUrl, type WebhookOptions } from './webhook-options.js';

const LONGEST_URL = 2048;

/** A header as in Node: several with one name are joined with commas, or a list. */
type Header = string | readonly string[] | undefined;

/**
 * The address that a submission names in `Webhook-Url`, normalized.
 *
 * @param options Undefined if the module does not have webhooks.
 * @throws WebhookRefusedError if the service does not allow its origin.
 */
export function requestedUrl(
  header: Header,
  options: WebhookOptions | undefined,
): string | undefined {
  if (header === undefined) return undefined;
  if (options === undefined || options.allowedOrigins.size === 0) {
    throw new WebhookRefusedError('this service does not send webhooks', 'leave the header out');
  }
  const text = String(header);
  if (text.length > LONGEST_URL) {
    const fact = `the address has ${text.length} characters`;
    throw new WebhookRefusedError(fact, `use at most ${LONGEST_URL}`);
  }
  const url = httpUrl(text);
  if (url === undefined) {
    const fact = `"${shortened(text)}" is not an address of http: or https: without a password`;
    throw new WebhookRefusedError(fact, 'send one such as https://hooks.example.com/jobs');
  }
  if (!options.allowedOrigins.has(url.origin)) {
    const fact = `the origin ${shortened(url.origin)} is not on the service's list`;
    throw new WebhookRefusedError(fact, 'ask its operator to add it');
  }
  if (!options.allowPrivateAddresses && !isPublicHost(url.hostname)) {
    const fact = `${shortened(url.hostname)} is not a public address`;
    throw new WebhookRefusedError(fact, 'name a receiver with one');
  }
  url.hash = '';
  return url.href;
}
