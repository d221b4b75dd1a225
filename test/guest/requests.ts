import { gzipSync } from 'node:zlib';
import type { Variant } from './variants.js';

/** Bytes to send on a connection, which the server closes when it has answered. */
export type Bytes = string | Uint8Array;

interface Message {
  readonly method?: string;
  readonly version?: string;
  /** Host and Connection come before them. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Bytes;
}

/** Requests that are none of the module's, for a host of any variant. */
export function requestsTo(variant: Variant): readonly (readonly [name: string, bytes: Bytes])[] {
  const at = (path: string): string => `${variant.prefix ?? ''}${path}`;
  const things = at('/things');
  const get = (path: string, headers: Message['headers'] = {}): Bytes =>
    message(at(path), { headers });
  const post = (type: string | undefined, body: Bytes, headers: Message['headers'] = {}): Bytes =>
    message(things, {
      method: 'POST',
      headers: { ...(type === undefined ? {} : { 'Content-Type': type }), ...headers },
      body,
    });
  const json = (body: Bytes, headers?: Message['headers']): Bytes =>
    post('application/json', body, headers);
  const ofLength = (bytes: number): string =>
    JSON.stringify('a'.repeat(bytes)).replace(/.*/s, '[$&]');

  return [
    ['GET', get('/things/1')],
    ['GET of a list', get('/things')],
    ['GET with ids of a request and a trace', get('/things/1', IDS)],
    ['GET with a query', get('/things/1?a=1&a=2')],
    ['GET of a file', get('/things/file')],
    ['GET that redirects', get('/things/moved')],
    ['GET of HTTP/1.0', message(at('/things/1'), { version: '1.0' })],
    ['HEAD', message(at('/things/1'), { method: 'HEAD' })],
    ['OPTIONS', message(things, { method: 'OPTIONS' })],
    ['OPTIONS of a browser', message(things, { method: 'OPTIONS', headers: PREFLIGHT })],
    ['OPTIONS *', message('*', { method: 'OPTIONS' })],
    ['two requests on a connection', KEPT.replace('/', at('/things/1')) + String(get('/things/2'))],
    ['an upgrade', get('/things/1', { Connection: 'upgrade, close', Upgrade: 'websocket' })],

    ['JSON', json('{"name":"one"}')],
    ['JSON in chunks', chunked(things, ['{"name":', '"one"}'])],
    ['JSON that is not valid', json('{"name":')],
    ['JSON that is a number', json('1')],
    ['JSON that is empty', json('')],
    ['JSON with a prototype', json('{"__proto__":{"a":1}}')],
    ['JSON of 200 kB', json(ofLength(200_000))],
    ['JSON of 1.5 MB', json(ofLength(1_500_000))],
    ['JSON in an unknown charset', post('application/json; charset=x-none', '{}')],
    ['JSON compressed', json(gzipSync('{"name":"one"}'), { 'Content-Encoding': 'gzip' })],
    ['JSON compressed, broken', json('not gzip', { 'Content-Encoding': 'gzip' })],
    ['JSON in an unknown encoding', json('{}', { 'Content-Encoding': 'x-none' })],
    ['a form', post('application/x-www-form-urlencoded', 'name=one&list[]=1&list[]=2')],
    ['text', post('text/plain', 'one')],
    ['an image', post('image/jpeg', Uint8Array.of(0xff, 0xd8, 0xff))],
    ['bytes', post('application/octet-stream', 'one')],
    ['multipart', post('multipart/form-data; boundary=b', MULTIPART)],
    ['a body of no type', post(undefined, 'one')],
    ['a body of a type that is none', post('none', 'one')],

    ['an error', get('/things/error')],
    ['a crash', get('/things/crash')],
    ['a string that is thrown', get('/things/string')],
    ['an HttpException', get('/things/teapot')],
    ['an error for the filter of the route', get('/things/filtered')],
    ['an error when the response is out', get('/things/half')],
    ['an error of the middleware', get('/things/1', { 'X-Barred': 'yes' })],
    ['an unknown path', get('/nothing')],
    ['an unknown path outside the prefix', message('/nothing/here')],
    ['the root', message('/')],
    ['a method that no route has', message(things, { method: 'DELETE' })],
    ['a method that is rare', message(things, { method: 'PROPFIND' })],
    ['a POST to what can be read only', message(at('/things/1'), { method: 'POST' })],
    ['a bad percent escape', get('/things/%zz')],
    ['a bad percent escape that is no character', get('/things/%ff')],
    ['the host’s own part', message('/legacy/boom')],
    ['an unknown path in the host’s own part', message('/legacy/nothing')],

    ['no Host', `GET ${things} HTTP/1.1\r\nConnection: close\r\n\r\n`],
    ['two Hosts', `GET ${things} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n`],
    ['malformed HTTP', 'BROKEN\r\n\r\n'],
    ['an unknown method', message(things, { method: 'BREW' })],
    ['an unknown version', message(things, { version: '9.9' })],
    ['a header that is malformed', `GET ${things} HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n`],
    ['headers that are too large', get('/things/1', { 'X-Large': 'a'.repeat(20_000) })],
    ['a length and chunks', json('0\r\n\r\n', { 'Transfer-Encoding': 'chunked' })],
    ['a length that is none', message(things, { method: 'POST', headers: NO_LENGTH })],
    ['CONNECT', message('example.com:443', { method: 'CONNECT' })],
    ['Expect: 100-continue', json('{"name":"one"}', { Expect: '100-continue' })],
    ['Expect: 100-continue of what is too large', json(ofLength(1_500_000), CONTINUE)],
    ['another Expect', json('{"name":"one"}', { Expect: 'the unexpected' })],
  ];
}

const IDS = {
  'X-Request-Id': 'request-1',
  Traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const PREFLIGHT = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'POST' };
const CONTINUE = { Expect: '100-continue' };
const NO_LENGTH = { 'Content-Type': 'application/json', 'Content-Length': 'one' };
const KEPT = 'GET / HTTP/1.1\r\nHost: host.example\r\n\r\n';
const MULTIPART = '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\none\r\n--b--\r\n';

function message(path: string, options: Message = {}): Bytes {
  const { method = 'GET', version = '1.1', headers = {}, body } = options;
  const lines = Object.entries({
    Host: 'host.example',
    Connection: 'close',
    ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`;
  return body === undefined
    ? head
    : Buffer.concat([Buffer.from(head), Buffer.from(body as string)]);
}

function chunked(path: string, chunks: readonly string[]): Bytes {
  const body = [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
  return `${String(message(path, { method: 'POST', headers }))}${body.join('')}`;
}
