import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { refuseOption } from '../../http/errors.js';
import { deliver, retryDelay, type PendingWebhook } from './deliver.js';
import { WebhookFailedError } from './errors.js';
import { isPublicAddress, isPublicHost, lookupPublic } from './public-address.js';
import { requestedUrl } from './requested-url.js';
import { webhookHeaders, webhookKey } from './signature.js';
import { webhookMessage } from './webhook-message.js';
import { resolveWebhook, webhookCheck, type VtsJobWebhookOptions } from './webhook-options.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const resolved = (more: Partial<VtsJobWebhookOptions> = {}) =>
  resolveWebhook({ secret: SECRET, ...more });

describe('The signature of a webhook', () => {
  it('is that of the specification’s own example', () => {
    const headers = webhookHeaders([webhookKey(SECRET) as Buffer], {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1614265330,
      body: '{"test": 2432232314}',
    });
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is made by each of several keys', () => {
    const { keys } = resolved({ secret: [SECRET, OTHER] });
    const message = { id: 'a', timestamp: 1, body: '' };
    const both = webhookHeaders(keys, message)['webhook-signature']?.split(' ');
    const alone = keys.map((key) => webhookHeaders([key], message)['webhook-signature']);
    expect(both).toEqual(alone);
    expect(new Set(both).size).toBe(2);
  });
});

describe('Options of webhooks', () => {
  const check = (value: unknown) => () => webhookCheck(value, 'jobs.webhook', refuseOption);

  it.each([
    [{}, 'secret is missing'],
    [{ secret: 'whsec_c2hvcnQ=' }, 'secret is not a secret'],
    [{ secret: SECRET.slice(6) }, 'secret is not a secret'],
    [{ secret: [] }, 'secret is not a secret'],
    [{ secret: SECRET, url: 'ftp://a/b' }, 'url is not a valid URL'],
    [{ secret: SECRET, url: 'https://me:pass@a/b' }, 'url is not a valid URL'],
    [{ secret: SECRET, allowedOrigins: ['https://a.example/'] }, 'allowedOrigins[0]'],
    [{ secret: SECRET, allowedOrigins: ['https://*.example'] }, undefined],
    [{ secret: SECRET, allowedOrigins: 'https://a.example' }, 'allowedOrigins'],
    [{ secret: SECRET, retryDelaysMs: [1, -1] }, 'retryDelaysMs[1]'],
    [{ secret: SECRET, retryDelaysMs: Array(21).fill(1) }, 'retryDelaysMs'],
    [{ secret: SECRET, timeoutMs: 0 }, 'timeoutMs is 0'],
    [{ secret: SECRET, key: 1 }, '"key"'],
  ])('%j: %s', (options, message) => {
    if (message === undefined) expect(check(options)).not.toThrow();
    else expect(check(options)).toThrow(message);
  });

  it('are refused without showing a secret or an address', () => {
    expect(check({ secret: 'hunter2' })).toThrow(/^(?!.*hunter2)/);
    expect(check({ secret: SECRET, url: 'hunter2' })).toThrow(/^(?!.*hunter2)/);
  });
});

describe('The address that a submission names', () => {
  const options = resolved({ allowedOrigins: ['https://hooks.example.com', 'http://127.0.0.1'] });

  it('is one of the list', () => {
    expect(requestedUrl(undefined, undefined)).toBeUndefined();
    expect(requestedUrl('https://HOOKS.example.com:443/a?b=c#d', options)).toBe(
      'https://hooks.example.com/a?b=c',
    );
    // Node joins two headers so: they are a strange path, and still of the list.
    const two = requestedUrl('https://hooks.example.com/, https://evil.example', options);
    expect(new URL(two as string).origin).toBe('https://hooks.example.com');
  });

  it.each([
    'https://hooks.example.com.evil.example/',
    'https://hooks.example.com@evil.example/',
    'https://evil@hooks.example.com/',
    'http://hooks.example.com/',
    'https://hooks.example.com:8443/',
    'https://sub.hooks.example.com/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    '/relative',
    '',
    `https://hooks.example.com/${'a'.repeat(3000)}`,
    // On the list, and private all the same.
    'http://127.0.0.1/',
    'http://0x7f.1/',
    'http://2130706433/',
  ])('is refused: %s', (address) => {
    expect(() => requestedUrl(address, options)).toThrow(/^Webhook-Url: .{1,300}$/);
  });

  it('is refused if no list exists', () => {
    for (const none of [undefined, resolved()]) {
      expect(() => requestedUrl('https://a.example', none)).toThrow('does not send webhooks');
    }
  });
});

describe('Public addresses', () => {
  it.each([
    ['8.8.8.8', true],
    ['2606:4700:4700::1111', true],
    ['127.0.0.1', false],
    ['10.1.2.3', false],
    ['172.31.0.1', false],
    ['192.168.1.1', false],
    ['169.254.169.254', false],
    ['100.64.0.1', false],
    ['0.0.0.0', false],
    ['255.255.255.255', false],
    ['::1', false],
    ['::', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:7f00:1', false],
    ['::127.0.0.1', false],
    ['64:ff9b::7f00:1', false],
    ['2002:7f00:1::', false],
    ['fd00::1', false],
    ['fe80::1', false],
    ['ff02::1', false],
    ['a name', false],
  ])('%s: %s', (address, expected) => {
    expect(isPublicAddress(address)).toBe(expected);
  });

  it('are distinguished from names in the hosts of URLs', () => {
    const hosts = ['http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://a/', 'http://[2606::1]/'];
    expect(hosts.map((url) => isPublicHost(new URL(url).hostname))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('are looked up when the connection is made, whatever the name', async () => {
    const failure = await new Promise((resolve) =>
      lookupPublic('localhost', { all: true }, (error) => resolve(error)),
    );
    expect(String(failure)).toContain('localhost has no public address');
  });
});

describe('The message of a job', () => {
  const job = { id: 'a', state: 'succeeded', progress: 1 };
  const read = (body: Uint8Array): object =>
    (
      JSON.parse(webhookMessage(job, new Date(0), { contentType: 'a/b', body })) as {
        data: { result: object };
      }
    ).data.result;

  it('has a type, a time and the job', () => {
    expect(JSON.parse(webhookMessage(job, new Date(0)))).toEqual({
      type: 'job.succeeded',
      timestamp: '1970-01-01T00:00:00.000Z',
      data: job,
    });
  });

  it('has the bytes of the result, up to a limit', () => {
    const text = Buffer.from('["é", 1.0, -0]');
    expect(read(text)).toEqual({ contentType: 'a/b', encoding: 'utf8', body: String(text) });
    const bytes = Buffer.from([0xff, 0, 1]);
    expect(read(bytes)).toEqual({ contentType: 'a/b', encoding: 'base64', body: '/wAB' });
    expect(read(Buffer.alloc(256 * 1024 + 1))).toEqual({
      contentType: 'a/b',
      omitted: '262145 bytes',
    });
  });
});

describe('Delivery', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  type Answer = (
    request: IncomingMessage,
    body: string,
  ) => [number, Record<string, string>?] | null;

  async function receiver(answer: Answer): Promise<string> {
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const [status, headers] = answer(request, Buffer.concat(chunks).toString()) ?? [];
      if (status !== undefined) response.writeHead(status, headers).end('a body');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?a=b`;
  }

  const pending = (url: string, requested = false): PendingWebhook => ({
    id: 'job-1',
    url,
    requested,
    body: '{"é":1}',
  });

  it('posts the body with headers that its receiver can check', async () => {
    const seen: { url?: string; headers: IncomingMessage['headers']; body: string }[] = [];
    const url = await receiver(({ url = '', headers }, body) => {
      seen.push({ url, headers, body });
      return [204];
    });
    expect(await deliver(pending(url), resolved())).toBe(true);
    const { headers, ...rest } = seen[0]!;
    expect(rest).toEqual({ url: '/hook?a=b', body: '{"é":1}' });
    const signed = `job-1.${headers['webhook-timestamp'] as string}.{"é":1}`;
    const mac = createHmac('sha256', webhookKey(SECRET) as Buffer).update(signed);
    expect(headers['webhook-signature']).toBe(`v1,${mac.digest('base64')}`);
    expect(headers['content-type']).toBe('application/json');
  });

  it('follows no redirect', async () => {
    const answer = vi.fn<Answer>(() => [302, { location: '/elsewhere' }]);
    const url = await receiver(answer);
    await expect(deliver(pending(url), resolved())).rejects.toThrow('answered 302');
    expect(answer).toHaveBeenCalledTimes(1);
  });

  it('says when to retry, and when not to', async () => {
    let status = 503;
    const url = await receiver(() => [status, { 'retry-after': '999999999' }]);
    const error: unknown = await deliver(pending(url), resolved()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(WebhookFailedError);
    expect(retryDelay([100, 200], 1, error)).toBe(24 * 3600 * 1000);
    status = 410;
    expect(await deliver(pending(url), resolved())).toBe(false);
  });

  it('gives up on a receiver that never answers, and on one that does not exist', async () => {
    const url = await receiver(() => null);
    const options = resolved({ timeoutMs: 50 });
    await expect(deliver(pending(url), options)).rejects.toThrow('no answer within 50 ms');
    await expect(deliver(pending('http://127.0.0.1:1/'), options)).rejects.toThrow(
      'cannot be reached',
    );
  });

  it('goes to private addresses that the operator names, and not to those of clients', async () => {
    const answer = vi.fn<Answer>(() => [200]);
    const url = await receiver(answer);
    for (const private_ of [url, url.replace('127.0.0.1', 'localhost')]) {
      await expect(deliver(pending(private_, true), resolved())).rejects.toThrow(
        'no public address',
      );
    }
    expect(answer).not.toHaveBeenCalled();
    const options = resolved({ allowPrivateAddresses: true });
    expect(await deliver(pending(url, true), options)).toBe(true);
  });

  it('waits longer after each attempt', () => {
    const delays = resolved().retryDelaysMs;
    expect(delays.map((_, at) => retryDelay(delays, at + 1, new Error(), () => 0))).toEqual(delays);
    expect(retryDelay([1000], 1, new Error(), () => 0.999)).toBe(1200);
  });
});
