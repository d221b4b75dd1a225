import { CommandError } from '../errors.js';

const ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.{0,1024}))?$/s;

/** A bucket, and a key or a key prefix in it. */
export interface S3Address {
  readonly bucket: string;
  readonly key: string;
}

/** Whether a text is an S3 URL, valid or not. */
export function isS3(text: string): boolean {
  return /^s3:\/\//i.test(text);
}

/** The parts of `s3://bucket/key`; the key may be empty. Undefined for another form. */
export function parseS3(text: string): S3Address | undefined {
  const [, bucket, key = ''] = ADDRESS.exec(text) ?? [];
  return bucket === undefined ? undefined : { bucket, key };
}

/** @throws CommandError for another form. */
export function addressOf(text: string): S3Address {
  const address = parseS3(text);
  if (address) return address;
  throw new CommandError(`"${text}" is not an S3 URL`, 'Write s3://bucket/key');
}

export function shownS3({ bucket, key }: S3Address): string {
  return `s3://${bucket}/${key}`;
}

/**
 * Why an object cannot be used; undefined if it can. HTTP clients remove `.` and `..` from
 * addresses, and control characters would reach a terminal.
 */
export function unusableKey(key: string): string | undefined {
  if (key.split('/').some((part) => part === '.' || part === '..')) return 'has a part "." or ".."';
  return /\p{Cc}/u.test(key) ? 'has a control character' : undefined;
}

/** The region from the environment, until S3 names that of the bucket. */
export function givenRegion(): string {
  return fromEnvironment('AWS_REGION', 'AWS_DEFAULT_REGION') ?? 'us-east-1';
}

/** The URL of an object, or of the bucket for an empty key. */
export function urlOf({ bucket, key }: S3Address, region: string): URL {
  const path = key
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(
        /[!'()*]/g,
        (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/');
  const url = endpointOf(bucket, region);
  url.pathname += path;
  return url;
}

/** Self-hosted endpoints rarely support bucket names in host names. */
export function endpointOf(bucket: string, region: string): URL {
  const given = fromEnvironment('AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL');
  if (given === undefined) {
    // A certificate for *.s3.… does not cover names with a dot.
    return bucket.includes('.')
      ? new URL(`https://s3.${region}.amazonaws.com/${bucket}/`)
      : new URL(`https://${bucket}.s3.${region}.amazonaws.com/`);
  }
  if (!/^https?:\/\//.test(given) || !URL.canParse(given)) {
    throw new CommandError(
      `AWS_ENDPOINT_URL is "${given}"`,
      'Set it to a URL with http: or https:',
    );
  }
  return new URL(`${given.replace(/\/+$/, '')}/${bucket}/`);
}

/** An empty value counts as not set. */
function fromEnvironment(...names: string[]): string | undefined {
  return names.map((name) => process.env[name]?.trim()).find((value) => value);
}

/** The region that S3 reports for a bucket, if it differs. */
export function otherRegion(named: string | null | undefined, region: string): string | undefined {
  return named && named !== region && /^[a-z0-9-]{1,40}$/.test(named) ? named : undefined;
}

/** The header with that region. */
export const REGION_HEADER = 'x-amz-bucket-region';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The key from the environment; undefined if there is none. Then objects must be public. */
export function credentials(): Credentials | undefined {
  const accessKeyId = fromEnvironment('AWS_ACCESS_KEY_ID');
  const secretAccessKey = fromEnvironment('AWS_SECRET_ACCESS_KEY');
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const sessionToken = fromEnvironment('AWS_SESSION_TOKEN');
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
