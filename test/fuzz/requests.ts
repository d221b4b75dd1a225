import fc from 'fast-check';
import { anyBodies, encoded, type Encoded } from './bodies.js';
import type { Shot } from './http.js';
import type { Endpoint } from './endpoints.js';

const METHODS = ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND', 'QUERY'];

const CHARSETS = [
  'utf-8',
  'UTF8',
  '"utf-8"',
  'latin1',
  'utf-16',
  'utf-7',
  'us-ascii',
  '',
  '"',
  'x y',
];

const MEDIA_TYPES = [
  'application/json',
  'application/problem+json',
  'text/json',
  'text/plain',
  'TEXT/PLAIN',
  'text/csv',
  'application/octet-stream',
  'application/vnd.apache.parquet',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  'multipart/form-data; boundary=',
  'multipart/mixed; boundary=x',
  'image/png',
  'image/jpeg',
  'image/*',
  'image/svg+xml',
  '*/*',
  '/',
  ';',
  'text',
  ',',
  '',
  'application/json, text/plain',
  'text/plain;;;=;charset',
];

const mediaTypes = (endpoint: Endpoint): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...endpoint.contents.map(({ type }) => type)) },
    { weight: 3, arbitrary: fc.constantFrom(...MEDIA_TYPES) },
    { weight: 1, arbitrary: fc.constant(undefined) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...MEDIA_TYPES.slice(0, 8)), fc.constantFrom(...CHARSETS))
        .map(([type, charset]) => `${type}; charset=${charset}`),
    },
  );

const visible = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
});

const extraHeaders: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'accept',
      'accept-encoding',
      'authorization',
      'content-language',
      'cookie',
      'forwarded',
      'host',
      'if-match',
      'if-none-match',
      'if-modified-since',
      'idempotency-key',
      'last-event-id',
      'origin',
      'range',
      'referer',
      'traceparent',
      'tracestate',
      'webhook-url',
      'x-api-key',
      'x-forwarded-for',
      'x-http-method-override',
      'x-request-id',
    ),
    visible,
  ),
  fc.constantFrom<readonly [string, string]>(
    ['accept', 'application/xml'],
    ['accept-encoding', 'identity;q=0, *;q=0'],
    ['traceparent', '00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-01'],
    ['traceparent', '00-00000000000000000000000000000000-0000000000000000-00'],
    ['x-request-id', 'x'.repeat(4000)],
    ['x-request-id', '<script>'],
    ['idempotency-key', 'the same'],
    ['webhook-url', 'http://169.254.169.254/latest'],
    ['range', 'bytes=0-'],
    ['upgrade', 'h2c'],
    ['x-forwarded-host', '__proto__'],
  ),
);

const PATHS = [
  '/',
  '//',
  '/no/such/path',
  '/%',
  '/%00',
  '/%E0%A4%A',
  '/..%2f..%2fetc%2fpasswd',
  '/__proto__',
  '/constructor',
  '/livez',
  '/readyz',
  '/healthz',
  '/docs-json',
  '/docs/../package.json',
  '/docs/..%2f..%2fpackage.json',
];

/** Paths at and around an endpoint. */
const paths = (endpoint: Endpoint): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(endpoint.path) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(
          '/',
          '?a=1&a=2&__proto__[x]=1',
          '?%',
          '//',
          '/x',
          '%',
          '#x',
          ';a=b',
          '?a[b][c]=d',
        )
        .map((end) => endpoint.path + end),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('/x', '/a/b', '/', '/%2e').map((start) => start + endpoint.path),
    },
    { weight: 1, arbitrary: fc.constantFrom(...PATHS) },
    { weight: 1, arbitrary: fc.webPath({ size: 'small' }).map((path) => path || '/') },
  );

/** A request to an endpoint, or to what is beside it. */
export interface Attempt {
  readonly endpoint: Endpoint;
  readonly shot: Shot;
}

/** Requests of every kind to an endpoint. */
export function attempts(
  endpoints: readonly Endpoint[],
  files: readonly Uint8Array[],
): fc.Arbitrary<Attempt> {
  const bodies = encoded(anyBodies(files));
  return fc.constantFrom(...endpoints).chain((endpoint) =>
    fc
      .record({
        method: fc.oneof(
          { weight: 9, arbitrary: fc.constant('POST') },
          { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
        ),
        path: paths(endpoint),
        type: mediaTypes(endpoint),
        headers: fc.array(extraHeaders, { maxLength: 3 }),
        leaves: fc.integer({ min: 0, max: 15 }).map((number) => number === 1),
        body: fc.option(bodies, { freq: 20, nil: undefined }),
        sending: fc.oneof(
          { weight: 8, arbitrary: fc.constant('length' as const) },
          { weight: 2, arbitrary: fc.constant('chunked' as const) },
          { weight: 1, arbitrary: fc.nat(400).map((cutAt) => ({ cutAt })) },
        ),
      })
      .map(({ method, path, type, headers, body, sending, leaves }) => ({
        endpoint,
        shot: {
          method,
          path,
          headers: [...endpoint.headers, ...typed(type), ...encodedAs(body), ...headers],
          ...(body ? { body: body.bytes, sending } : {}),
          leaves,
        },
      })),
  );
}

function typed(type: string | undefined): Shot['headers'] {
  return type === undefined ? [] : [['content-type', type]];
}

function encodedAs(body: Encoded | undefined): Shot['headers'] {
  return body?.encoding === undefined ? [] : [['content-encoding', body.encoding]];
}

/** A request in bytes, with something that HTTP does not allow, or hardly. */
export function brokenRequests(endpoints: readonly Endpoint[]): fc.Arbitrary<{
  readonly endpoint: Endpoint;
  readonly bytes: Uint8Array;
}> {
  const line = fc.constantFrom(
    'POST {path} HTTP/1.1',
    'POST {path} HTTP/1.0',
    'POST {path} HTTP/2.0',
    'POST {path} HTTP/9',
    'POST {path}',
    'post {path} HTTP/1.1',
    'FOO {path} HTTP/1.1',
    'CONNECT a:1 HTTP/1.1',
    'POST http://other{path} HTTP/1.1',
    'POST * HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'POST {path} x HTTP/1.1',
    'POST {path}\0 HTTP/1.1',
    'POST {path}é HTTP/1.1',
    `POST {path}?${'a'.repeat(20_000)} HTTP/1.1`,
    'GET {path} HTTP/1.1',
    'PRI * HTTP/2.0',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    '',
  );
  const header = fc.constantFrom(
    'Content-Type: text/plain',
    'Content-Type: application/json',
    'Content-Length: 3',
    'Content-Length: 0',
    'Content-Length: -1',
    'Content-Length: 3, 3',
    'Content-Length: 1e9',
    'Content-Length: 99999999999999999999',
    'Content-Length: x',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: x',
    'Expect: 100-continue',
    'Expect: something',
    'Upgrade: websocket',
    'Connection: upgrade',
    'Connection: keep-alive',
    'Host: b',
    'Host: ',
    'No colon',
    ': no name',
    'Folded: a\r\n b',
    'Null: \0',
    'Space : a',
    `Long: ${'x'.repeat(20_000)}`,
    ...Array.from({ length: 3 }, (_, at) => `X-${at}: a\r\n`.repeat(700).trimEnd()),
  );
  const body = fc.constantFrom(
    '',
    'abc',
    '3\r\nabc\r\n0\r\n\r\n',
    '3\r\nab',
    'x\r\nabc\r\n0\r\n\r\n',
    'fffffffff\r\nabc',
    '3;ext=\0\r\nabc\r\n0\r\n\r\n',
    '3\r\nabcd\r\n0\r\n\r\n',
    '0\r\nTrailer: a\r\n\r\n',
  );
  return fc
    .record({
      endpoint: fc.constantFrom(...endpoints),
      line,
      host: fc.constantFrom('Host: a\r\n', ''),
      headers: fc.array(header, { maxLength: 4 }),
      lineEnd: fc.constantFrom('\r\n', '\r\n', '\r\n', '\n'),
      body,
    })
    .map(({ endpoint, line: first, host, headers, lineEnd, body: rest }) => ({
      endpoint,
      bytes: Buffer.from(
        `${first.replace('{path}', endpoint.path)}\r\n${host}Connection: close\r\n` +
          `${headers.map((each) => `${each}${lineEnd}`).join('')}\r\n${rest}`,
        'latin1',
      ),
    }));
}
