import {
  flag,
  group,
  milliseconds,
  required,
  valueThat,
  type OptionCheck,
} from '../../../serving/options.js';
import { webhookKey } from './signature.js';

/**
 * The receivers of messages about finished jobs. Messages follow the Standard Webhooks
 * specification: `POST` of `{ type: 'job.succeeded', timestamp, data }`, signed with HMAC-SHA256.
 *
 * @publicApi
 */
export interface VtsJobWebhookOptions {
  /**
   * Signs the messages: `whsec_` and 24 to 64 random bytes in base64
   * (`echo whsec_$(openssl rand -base64 32)`). If there are several, each signs the message, so
   * receivers can rotate secrets.
   */
  secret: string | readonly string[];
  /** The URL that gets a message about every job. It may be in a private network. @default none */
  url?: string;
  /**
   * Origins that a client may name in the header `Webhook-Url` when it submits a job, such as
   * `https://hooks.example.com`. They must match exactly. A client's URL takes precedence over
   * `url`.
   *
   * @default none: the header is refused with HTTP 400
   */
  allowedOrigins?: readonly string[];
  /**
   * Whether these origins may have private addresses, such as services in the same cluster. If
   * false, loopback, link-local, private and reserved addresses are refused when the connection is
   * made, whatever the host name.
   *
   * @default false
   */
  allowPrivateAddresses?: boolean;
  /**
   * Send the result too, up to 256 KiB, as `data.result: { contentType, encoding, body }`, where
   * `encoding` is `utf8` or `base64`.
   *
   * @default false: the receiver fetches the result
   */
  includeResult?: boolean;
  /** The time limit of an attempt in milliseconds. @default 15000 */
  timeoutMs?: number;
  /**
   * Milliseconds between a failed attempt and the next one, each up to 20 % longer at random. After
   * the last attempt, the message is dropped, and the log says so.
   *
   * @default [5000, 300000, 1800000, 7200000, 18000000, 36000000]: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h
   */
  retryDelaysMs?: readonly number[];
}

/** The options with all defaults. */
export interface WebhookOptions {
  readonly keys: readonly Uint8Array[];
  readonly url: string | undefined;
  readonly allowedOrigins: ReadonlySet<string>;
  readonly allowPrivateAddresses: boolean;
  readonly includeResult: boolean;
  readonly timeoutMs: number;
  readonly retryDelaysMs: readonly number[];
}

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_DELAYS_MS = [5, 300, 1800, 7200, 18_000, 36_000].map((seconds) => seconds * 1000);
const MOST_ATTEMPTS = 20;
const MOST_SECRETS = 5;

const secretRemedy = 'use "whsec_" and 24 to 64 random bytes in base64, or a list of such secrets';

// A secret must not get into a message.
const secret = required(
  (value) => {
    const all = Array.isArray(value) ? (value as unknown[]) : [value];
    return (
      all.length > 0 &&
      all.length <= MOST_SECRETS &&
      all.every((each) => webhookKey(each) !== undefined)
    );
  },
  secretRemedy,
  (value) => (value === undefined ? 'missing' : 'not a secret of the Standard Webhooks'),
);

const delays: OptionCheck = (value, option, refuse) => {
  const remedy = `use a list of at most ${MOST_ATTEMPTS} delays in milliseconds`;
  valueThat((list) => Array.isArray(list) && list.length <= MOST_ATTEMPTS, remedy)(
    value,
    option,
    refuse,
  );
  for (const [at, each] of ((value ?? []) as unknown[]).entries()) {
    milliseconds(0)(each, `${option}[${at}]`, refuse);
  }
};

const origins: OptionCheck = (value, option, refuse) => {
  const remedy = 'use a list of origins such as "https://hooks.example.com"';
  valueThat(Array.isArray, remedy)(value, option, refuse);
  for (const [at, each] of ((value ?? []) as unknown[]).entries()) {
    valueThat((origin) => httpUrl(origin)?.origin === origin, remedy)(
      each,
      `${option}[${at}]`,
      refuse,
    );
  }
};

/** Checks the module's option `jobs.webhook`; valid options can be resolved. */
export const webhookCheck: OptionCheck = group<VtsJobWebhookOptions>({
  secret,
  // It may contain a token.
  url: (value, option, refuse) => {
    if (value !== undefined && httpUrl(value) === undefined) {
      refuse(option, 'is not a valid URL', 'use one of http: or https:');
    }
  },
  allowedOrigins: origins,
  allowPrivateAddresses: flag,
  includeResult: flag,
  timeoutMs: milliseconds(1),
  retryDelaysMs: delays,
});

/** @param given What {@link webhookCheck} allows. */
export function resolveWebhook(given: VtsJobWebhookOptions): WebhookOptions {
  return {
    keys: [given.secret].flat().map((each) => webhookKey(each) as Buffer),
    url: given.url,
    allowedOrigins: new Set(given.allowedOrigins),
    allowPrivateAddresses: given.allowPrivateAddresses ?? false,
    includeResult: given.includeResult ?? false,
    timeoutMs: given.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    retryDelaysMs: given.retryDelaysMs ?? DEFAULT_DELAYS_MS,
  };
}

/** An HTTP URL; undefined for anything else, and for URLs with a user name or password. */
export function httpUrl(text: unknown): URL | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) return undefined;
  return url.username || url.password ? undefined : url;
}
