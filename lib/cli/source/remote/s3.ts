import { AwsV4Signer } from 'aws4fetch';
import { CommandError } from '../../errors.js';
import type { HttpRequest, RemoteFile } from './remote-file.js';

const ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.{1,1024})$/s;

/**
 * The object of `s3://bucket/key`, by a signed URL.
 *
 * Credentials, region and endpoint are those of the environment, as all of AWS's tools read them:
 * `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` (or
 * `AWS_DEFAULT_REGION`, else `us-east-1` until S3 names the bucket's own), `AWS_ENDPOINT_URL_S3` (or
 * `AWS_ENDPOINT_URL`). Without a key the object must be public.
 *
 * @throws CommandError for another form of address.
 */
export async function s3File(target: string): Promise<RemoteFile> {
  const [, bucket, key] = ADDRESS.exec(target) ?? [];
  if (bucket === undefined || key === undefined || key.endsWith('/')) {
    throw new CommandError(
      `"${target}" does not name an object of S3`,
      'Write s3://bucket/key, with the key of the file that learner.export() wrote',
    );
  }
  const region = fromEnvironment('AWS_REGION', 'AWS_DEFAULT_REGION') ?? 'us-east-1';
  return {
    key: `${endpointOf(bucket, region).origin} ${target}`,
    from: target,
    parts: [bucket, ...key.split('/')],
    request: await signed(bucket, key, region),
    retry: async ({ headers }) => {
      const own = headers.get('x-amz-bucket-region');
      return own === null || own === region || !/^[a-z0-9-]{1,40}$/.test(own)
        ? undefined
        : signed(bucket, key, own);
    },
    accessRemedy:
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN) to a key that may read it',
  };
}

/** A value that is set to nothing is not set. */
function fromEnvironment(...names: string[]): string | undefined {
  return names.map((name) => process.env[name]?.trim()).find((value) => value);
}

/** Self-hosted endpoints rarely support bucket names in host names. */
function endpointOf(bucket: string, region: string): URL {
  const given = fromEnvironment('AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL');
  if (given === undefined) {
    // A certificate for *.s3.… covers no name with a dot.
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

async function signed(bucket: string, key: string, region: string): Promise<HttpRequest> {
  const path = key
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(
        /[!'()*]/g,
        (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/');
  const url = new URL(endpointOf(bucket, region));
  url.pathname += path;
  const accessKeyId = fromEnvironment('AWS_ACCESS_KEY_ID');
  const secretAccessKey = fromEnvironment('AWS_SECRET_ACCESS_KEY');
  if (accessKeyId === undefined || secretAccessKey === undefined) return { url };
  const sessionToken = fromEnvironment('AWS_SESSION_TOKEN');
  const signer = new AwsV4Signer({
    method: 'GET',
    url: url.href,
    service: 's3',
    region,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    // In the URL, so that a redirect does not carry it along.
    signQuery: true,
  });
  return { url: (await signer.sign()).url };
}
