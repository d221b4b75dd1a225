import { describe, expect, it } from 'vitest';
import { InvalidRunnerOptionError } from './errors.js';
import { resolveRemote } from './remote-options.js';
import { resolveRunnerOptions } from './runner-options.js';

describe('resolveRemote', () => {
  it.each([
    ['grpc://models:8081', { scheme: 'grpc' }],
    ['grpcs://[::1]:8081', { scheme: 'grpcs' }],
    ['http://models', { scheme: 'http' }],
    ['https://models:8443/prefix/', { scheme: 'https' }],
    ['unix:/run/models.sock', { scheme: 'grpc', socket: '/run/models.sock' }],
    ['unix:///run/models.sock', { scheme: 'grpc', socket: '/run/models.sock' }],
    ['http+unix:/run/models.sock', { scheme: 'http', socket: '/run/models.sock' }],
    ['http+unix://%2Frun%2Fmodels.sock', { scheme: 'http', socket: '/run/models.sock' }],
    ['dns:///models:8081', { scheme: 'grpc', lookUp: { host: 'models', port: '8081' } }],
    ['dns+tls:///models:8081', { scheme: 'grpcs', lookUp: { host: 'models', port: '8081' } }],
    ['http+dns://models:80', { scheme: 'http', lookUp: { host: 'models', port: '80' } }],
  ])('takes %s', (url, address) => {
    expect(resolveRemote('m', url).addresses).toEqual([{ url, ...address }]);
  });

  it('has defaults', () => {
    expect(resolveRemote('m', { url: ['grpc://a:1', 'http://b'] })).toMatchObject({
      model: undefined,
      version: undefined,
      headers: {},
      deadlineMs: Infinity,
      retries: 2,
      waitMs: 1000,
      probeMs: 2000,
    });
  });

  it.each<[unknown, string]>([
    [5, 'remote is not an address'],
    [null, 'remote is not an address'],
    [[], 'remote is not an address'],
    [{}, 'remote.url has no address'],
    [{ url: [] }, 'remote.url has no address'],
    [{ url: [5] }, 'remote.url is 5'],
    ['models:8081', 'is not a valid address'],
    ['ftp://models', 'is not a valid address'],
    ['grpc:///models:8081', 'is not a valid address'],
    ['unix:models.sock', 'is not a valid address'],
    ['grpc://models', 'has no port'],
    ['grpc://models:8081/prefix', 'has a path'],
    ['http://user:hunter2@models', 'has more than a host'],
    ['http://models?a=b', 'has more than a host'],
    [{ url: 'grpc://a:1', urls: [] }, '"urls" is not an option'],
    [{ url: 'grpc://a:1', retries: -1 }, 'remote.retries is -1'],
    [{ url: 'grpc://a:1', retries: 0.5 }, 'remote.retries is 0.5'],
    [{ url: 'grpc://a:1', deadlineMs: 0 }, 'remote.deadlineMs is 0'],
    [{ url: 'grpc://a:1', maxConcurrency: 0 }, 'remote.maxConcurrency is 0'],
    [{ url: 'grpc://a:1', probeMs: 1 }, 'remote.probeMs is 1'],
    [{ url: 'grpc://a:1', tls: {} }, 'no address uses TLS'],
    [{ url: 'grpcs://a:1', tls: { ca: 5 } }, 'remote.tls.ca is not in PEM format'],
    [{ url: 'grpc://a:1', headers: { 'a b': 'c' } }, 'is not a valid header name'],
    [{ url: 'grpc://a:1', headers: { a: 'b\nc' } }, 'is not a valid header value'],
  ])('refuses %j', (remote, fact) => {
    expect(() => resolveRemote('m', remote)).toThrow(InvalidRunnerOptionError);
    expect(() => resolveRemote('m', remote)).toThrow(fact);
    expect(() => resolveRemote('m', remote)).not.toThrow('hunter2');
  });

  it('refuses options for a model that runs here next to it', () => {
    const remote = 'grpc://a:1';
    expect(resolveRunnerOptions('m', { remote, timeoutMs: 5 })).toMatchObject({ timeoutMs: 5 });
    expect(() => resolveRunnerOptions('m', { remote, workers: 1, onnx: 'f' })).toThrow(
      'workers, onnx are for a model that runs in this process',
    );
    const twice = { remote: { url: remote, maxConcurrency: 1 }, maxConcurrency: 2 };
    expect(() => resolveRunnerOptions('m', twice)).toThrow('maxConcurrency is given twice');
  });
});
