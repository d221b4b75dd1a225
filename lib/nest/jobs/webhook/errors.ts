import { InputError, shortened, VtsError } from '../../../learner/errors/index.js';

/** A submission names an address that does not get messages. HTTP endpoints answer 400. @publicApi */
export class WebhookRefusedError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`Webhook-Url: ${fact}; ${remedy}.`);
  }
}

/**
 * The receiver of a webhook, which a client named, has no public address. Nothing was sent.
 *
 * @publicApi
 */
export class PrivateWebhookAddressError extends VtsError {
  constructor(host: string) {
    super(
      `The receiver ${shortened(host)} has no public address; name one that has, or set jobs.webhook.allowPrivateAddresses.`,
    );
  }
}

/** A receiver did not take the message of a webhook. @publicApi */
export class WebhookFailedError extends VtsError {
  constructor(
    origin: string,
    fact: string,
    /** Seconds until the receiver wants to be asked again, where it says so. */
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(`The receiver ${origin} ${fact}; it has to answer 2xx.`, options);
  }
}
