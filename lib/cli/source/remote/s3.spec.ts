import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { s3File } from './s3.js';

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-27T13:00:00Z'), toFake: ['Date'] });
  for (const name of [
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
    'AWS_ENDPOINT_URL',
    'AWS_SESSION_TOKEN',
  ]) {
    vi.stubEnv(name, '');
  }
  vi.stubEnv('AWS_ENDPOINT_URL_S3', '');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY');
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

const signature = (url: URL): string | null => url.searchParams.get('X-Amz-Signature');

describe('s3File', () => {
  // What botocore 1.43's S3SigV4QueryAuth makes of the same object, key, time and region.
  it.each([
    [
      's3://models/bears/export.pkl',
      { AWS_REGION: 'eu-west-1' },
      'https://models.s3.eu-west-1.amazonaws.com/bears/export.pkl',
      '9ed46f899cd687477058416ed4e36f62170ca9aafbcf25038f57f8fdff461df8',
    ],
    [
      "s3://models/odd keys/a+b (1)!é'*.pkl",
      { AWS_SESSION_TOKEN: 'tok/en+=' },
      'https://models.s3.us-east-1.amazonaws.com/odd%20keys/a%2Bb%20%281%29%21%C3%A9%27%2A.pkl',
      'cb70b759a1d73a82fd690c91dc34a5726de9b866b7ee575793126ad27330c0ce',
    ],
    [
      's3://my.models/export.pkl',
      { AWS_ENDPOINT_URL: 'http://127.0.0.1:9000/' },
      'http://127.0.0.1:9000/my.models/export.pkl',
      '9210f5121d8cd6bbf440a73343c2ba91152146551f268d6af08a00b52d309e37',
    ],
  ])('signs %s as botocore does', async (target, env, address, expected) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { request, from, key } = await s3File(target);
    expect(request.url.origin + request.url.pathname).toBe(address);
    expect(signature(request.url)).toBe(expected);
    expect(request.authorization).toBeUndefined();
    expect(from + key).not.toMatch(/AKID|X-Amz/);
  });

  it('signs again for the region that S3 names, once', async () => {
    const { request, retry } = await s3File('s3://models/bears/export.pkl');
    expect(request.url.host).toBe('models.s3.us-east-1.amazonaws.com');
    const answer = (region: string): Response =>
      new Response('', { status: 400, headers: { 'x-amz-bucket-region': region } });
    const again = await retry!(answer('eu-west-1'));
    expect(again!.url.host).toBe('models.s3.eu-west-1.amazonaws.com');
    expect(signature(again!.url)).toBe(
      '9ed46f899cd687477058416ed4e36f62170ca9aafbcf25038f57f8fdff461df8',
    );
    expect(await retry!(answer('us-east-1'))).toBeUndefined();
    expect(await retry!(answer('evil.example/#'))).toBeUndefined();
    expect(await retry!(new Response('', { status: 403 }))).toBeUndefined();
  });

  it('asks for a public object without a key', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', '');
    const { request } = await s3File('s3://models/export.pkl');
    expect(request.url.href).toBe('https://models.s3.us-east-1.amazonaws.com/export.pkl');
  });

  it.each(['s3://models', 's3://models/', 's3://models/bears/', 's3://UPPER/x', 's3://a@b/x'])(
    'refuses %s',
    async (target) => {
      await expect(s3File(target)).rejects.toThrow('does not name an S3 object. Write s3://');
    },
  );

  it('refuses an endpoint that is not a URL', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'file:///etc');
    await expect(s3File('s3://models/export.pkl')).rejects.toThrow('Set it to a URL with http');
  });
});
