import { AwsV4Signer } from 'aws4fetch';
import { CommandError } from '../../errors.js';
import {
  credentials,
  endpointOf,
  givenRegion,
  otherRegion,
  parseS3,
  REGION_HEADER,
  urlOf,
  type S3Address,
} from '../../s3/address.js';
import type { HttpRequest, RemoteFile } from './remote-file.js';

/**
 * The object of `s3://bucket/key`, by a signed URL. Credentials, region and endpoint come from the
 * environment variables that all tools of AWS read: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
 * `AWS_SESSION_TOKEN`, `AWS_REGION` (or `AWS_DEFAULT_REGION`, else `us-east-1` until S3 names the
 * bucket's own), `AWS_ENDPOINT_URL_S3` (or `AWS_ENDPOINT_URL`). Without a key the object must be
 * public.
 *
 * @throws CommandError for another form of address.
 */
export async function s3File(target: string): Promise<RemoteFile> {
  const address = parseS3(target);
  if (address === undefined || address.key === '' || address.key.endsWith('/')) {
    throw new CommandError(
      `"${target}" does not name an S3 object`,
      'Write s3://bucket/key, with the key of the file that learner.export() wrote',
    );
  }
  const region = givenRegion();
  return {
    key: `${endpointOf(address.bucket, region).origin} ${target}`,
    from: target,
    parts: [address.bucket, ...address.key.split('/')],
    request: await signed(address, region),
    retry: async ({ headers }) => {
      const own = otherRegion(headers.get(REGION_HEADER), region);
      return own === undefined ? undefined : signed(address, own);
    },
    accessRemedy:
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN) to a key that may read it',
  };
}

async function signed(address: S3Address, region: string): Promise<HttpRequest> {
  const url = urlOf(address, region);
  const key = credentials();
  if (key === undefined) return { url };
  const signer = new AwsV4Signer({
    method: 'GET',
    url: url.href,
    service: 's3',
    region,
    ...key,
    // The signature is in the URL, so that a redirect does not pass it on.
    signQuery: true,
  });
  return { url: (await signer.sign()).url };
}
