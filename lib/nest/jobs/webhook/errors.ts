import { InputError, shortened, VtsError } from '../../../learner/errors/index.js';

/** A submission names a webhook URL that is not allowed. HTTP endpoints answer 400. @publicApi */
export class WebhookRefusedError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`Webhook-Url: ${fact}; ${remedy}.`);
  }
}

/**
 * A webhook receiver that a client named has no public address. Nothing was sent.
 *
 * @publicApi
 */
export class PrivateWebhookAddressError extends VtsError {
  constructor(host: string) {
    super(
      `The receiver ${shortened(host)} has no public address; name a public one, or set jobs.webhook.allowPrivateAddresses.`,
    );
  }
}

/** The receiver of a webhook did not accept the message. @publicApi */
export class WebhookFailedError extends VtsError {
  constructor(
    origin: string,
    fact: string,
    /** The receiver's Retry-After in seconds, if any. */
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(`The receiver ${origin} ${fact}; it must answer with 2xx.`, options);
  }
}
