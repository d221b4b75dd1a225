import { afterEach, describe, expect, it, vi } from 'vitest';
import { request } from './http.js';

type Answers = Record<string, { status: number; location?: string; body?: string }>;
const asked: { url: string; authorization: string | null }[] = [];

/** Servers of many hosts, which no test could start: what `fetch` answers stands for them. */
function serve(answers: Answers): void {
  asked.length = 0;
  vi.stubGlobal('fetch', async (input: URL, init: RequestInit) => {
    const headers = new Headers(init.headers);
    asked.push({ url: input.href, authorization: headers.get('authorization') });
    const { status, location, body = '' } = answers[input.href] ?? { status: 404 };
    return new Response(body, { status, headers: location === undefined ? {} : { location } });
  });
}
afterEach(() => vi.unstubAllGlobals());

const ask = async (url: string, authorization?: string) => {
  const hosts: string[] = [];
  const answer = await request(
    { request: { url: new URL(url), authorization } },
    {},
    (from, to) => void hosts.push(`${from} > ${to}`),
  );
  let text = '';
  for await (const piece of answer.body()) text += Buffer.from(piece).toString();
  return { status: answer.response.status, text, hosts };
};

describe('request', () => {
  it('sends the authorization to its origin, and never again after another origin', async () => {
    serve({
      'https://hub.test/a': { status: 302, location: '/b' },
      'https://hub.test/b': { status: 307, location: 'https://cdn.test/c' },
      'https://cdn.test/c': { status: 301, location: 'https://hub.test/d' },
      'https://hub.test/d': { status: 200, body: 'x' },
    });
    const { text, hosts } = await ask('https://hub.test/a', 'Bearer secret');
    expect(text).toBe('x');
    expect(hosts).toEqual(['hub.test > cdn.test', 'cdn.test > hub.test']);
    expect(asked.map(({ authorization }) => authorization)).toEqual([
      'Bearer secret',
      'Bearer secret',
      null,
      null,
    ]);
  });

  it.each([
    ['https://a.test/', 'file:///etc/passwd', 'redirects to a "file:" address'],
    ['https://a.test/', 'http://a.test/x', 'redirects to http://a.test/x, which is not followed'],
    ['http://a.test/', 'data:text/plain,x', 'redirects to a "data:" address'],
    ['http://a.test/', 'http://[', 'redirects to an invalid address'],
    ['https://a.test/?key=secret', '/?key=secret', 'redirects more than 10 times'],
  ])('refuses a redirect from %s to %s', async (from, location, message) => {
    serve({ [from]: { status: 302, location } });
    const failed = await ask(from).catch(({ message: text }: Error) => text);
    expect(failed).toContain(message);
    expect(failed).not.toContain('secret');
  });

  it('says which host is not reached', async () => {
    vi.stubGlobal('fetch', async () => {
      throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ENOTFOUND' } });
    });
    await expect(ask('https://a.test/x.pkl?key=secret')).rejects.toThrow(
      'https://a.test/x.pkl cannot be fetched (ENOTFOUND). Check',
    );
  });
});
