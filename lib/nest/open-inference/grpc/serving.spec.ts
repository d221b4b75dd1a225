import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  credentials,
  makeGenericClientConstructor,
  status,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  Injectable,
  Scope,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { service as healthService } from 'grpc-health-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { InferenceService } from '../../../serving/open-inference/contract.js';
import { ModelNotServedError } from '../../../serving/open-inference/errors.js';
import {
  callOf,
  inferenceClient,
  serveGrpc,
  type ServedGrpc,
} from '../../../../test/helpers/grpc-service.js';
import type { VtsGrpcCall } from './vts-grpc-call.js';

const open: { stop(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

/** A service with one model. */
function service(more: Partial<InferenceService> = {}): InferenceService {
  return {
    models: () => ['iris'],
    modelReady: (name: string) => {
      if (name === 'iris') return true;
      throw new ModelNotServedError(name, '', ['iris']);
    },
    serverReady: () => true,
    ...more,
  } as InferenceService;
}

async function serve(...given: Parameters<typeof serveGrpc>): Promise<ServedGrpc> {
  const served = await serveGrpc(...given);
  open.push({ stop: () => served.stop() });
  return served;
}

const failed = (call: Promise<unknown>): Promise<ServiceError> =>
  call.then(
    () => Promise.reject(new Error('It did not fail.')),
    (error: unknown) => error as ServiceError,
  );

interface Health {
  check(request: object, done: (error: ServiceError | null, answer: object) => void): void;
  watch(request: object): NodeJS.ReadableStream & { cancel(): void };
  list(request: object, done: (error: ServiceError | null, answer: object) => void): void;
}

function healthOf(port: number): Health {
  const Client = makeGenericClientConstructor(healthService, 'Health');
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  open.push({ stop: () => client.close() });
  return client as unknown as Health;
}

function ask(health: Health, name: 'check' | 'list', request: object): Promise<object> {
  return new Promise((resolve, reject) => {
    health[name](request, (error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
}

describe('Health', () => {
  it('covers the server and each model', async () => {
    const { port, state } = await serve(service());
    const health = healthOf(port);
    const check = (name: string): Promise<object> => ask(health, 'check', { service: name });
    expect(await check('')).toEqual({ status: 'SERVING' });
    expect(await check('iris')).toEqual({ status: 'SERVING' });
    expect(await failed(check('rose'))).toMatchObject({ code: status.NOT_FOUND });
    state.ready = false;
    expect(await check('')).toEqual({ status: 'NOT_SERVING' });
    expect(await ask(health, 'list', {})).toEqual({
      statuses: { '': { status: 'NOT_SERVING' }, iris: { status: 'SERVING' } },
    });
  });

  it('is sent to watchers, and ends with the server', async () => {
    const served = await serveGrpc(service());
    const { port, state } = served;
    const watched = healthOf(port).watch({ service: 'iris' });
    const other = healthOf(port).watch({ service: 'rose' });
    const seen: object[] = [];
    watched.on('data', (answer: object) => seen.push(answer));
    const [unknown] = (await once(other, 'data')) as [object];
    expect(unknown).toEqual({ status: 'SERVICE_UNKNOWN' });
    other.on('error', () => undefined);
    const ended = once(watched, 'error') as Promise<[ServiceError]>;
    state.shuttingDown = true;
    await served.stop();
    expect((await ended)[0].code).toBe(status.UNAVAILABLE);
    expect(seen).toEqual([{ status: 'SERVING' }, { status: 'NOT_SERVING' }]);
  });

  it('is left out if it is turned off', async () => {
    const { port } = await serve(service(), { grpc: { health: false, reflection: false } });
    const error = await failed(ask(healthOf(port), 'check', {}));
    expect(error.code).toBe(status.UNIMPLEMENTED);
  });
});

describe('Reflection', () => {
  it.each(['v1', 'v1alpha'])('describes the service (%s)', async (version) => {
    const { loadPackageDefinition } = await import('@grpc/grpc-js');
    const { loadSync } = await import('@grpc/proto-loader');
    const root = join(
      import.meta.dirname,
      `../../../../node_modules/@grpc/reflection/build/proto/grpc/reflection/${version}/reflection.proto`,
    );
    const { port } = await serve(service());
    const loaded = loadPackageDefinition(loadSync(root)) as unknown as Record<string, any>;
    const { ServerReflection } = loaded['grpc'].reflection[version];
    const client = new ServerReflection(`127.0.0.1:${port}`, credentials.createInsecure());
    open.unshift({ stop: () => client.close() });
    const stream = client.ServerReflectionInfo();
    stream.write({ listServices: '' });
    const [{ listServicesResponse }] = (await once(stream, 'data')) as [
      { listServicesResponse: { service: { name: string }[] } },
    ];
    stream.end();
    expect(listServicesResponse.service.map(({ name }) => name)).toContain(
      'inference.GRPCInferenceService',
    );
  });
});

@Injectable()
class KeyGuard implements CanActivate {
  static seen: (VtsGrpcCall & { type: string; handler: string })[] = [];

  canActivate(context: ExecutionContext): boolean {
    // As for HTTP: the same property of what a request is there.
    const call = context.switchToHttp().getRequest<VtsGrpcCall>();
    KeyGuard.seen.push({ ...call, type: context.getType(), handler: context.getHandler().name });
    if (call.headers['x-api-key'] === 'key') return true;
    if (call.headers['x-api-key'] === undefined) throw new UnauthorizedException('No key.');
    return false;
  }
}

describe('Guards of the application', () => {
  const providers = [{ provide: APP_GUARD, useClass: KeyGuard }];

  it('run before a message is read, with the metadata as headers', async () => {
    KeyGuard.seen = [];
    const { call } = await serve(service(), { providers });
    const { response } = await call('ServerReady', {}, { 'x-api-key': 'key' });
    expect(response).toEqual({ ready: true });
    expect(KeyGuard.seen).toMatchObject([
      {
        type: 'rpc',
        handler: 'ServerReady',
        service: 'inference.GRPCInferenceService',
        method: 'ServerReady',
        headers: { 'x-api-key': 'key' },
        ip: '127.0.0.1',
      },
    ]);
  });

  it('refuse calls and streams with gRPC statuses, and leave health open', async () => {
    const { call, stream, port } = await serve(service(), { providers });
    expect(await failed(call('ServerReady', {}))).toMatchObject({
      code: status.UNAUTHENTICATED,
      details: 'No key.',
    });
    expect(await failed(call('ServerReady', {}, { 'x-api-key': 'other' }))).toMatchObject({
      code: status.PERMISSION_DENIED,
    });
    const refused = stream();
    refused.on('data', () => undefined);
    const [error] = (await once(refused, 'error')) as [ServiceError];
    expect(error.code).toBe(status.UNAUTHENTICATED);
    expect(await ask(healthOf(port), 'check', {})).toEqual({ status: 'SERVING' });
  });

  it('may throw the errors of guards for gRPC', async () => {
    const { RpcException } = await import('@nestjs/microservices');
    const guard: CanActivate = {
      canActivate: () => {
        throw new RpcException({ code: status.RESOURCE_EXHAUSTED, message: 'Enough.' });
      },
    };
    const { call } = await serve(service(), {
      providers: [{ provide: APP_GUARD, useValue: guard }],
    });
    expect(await failed(call('ServerLive', {}))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: 'Enough.',
    });
  });

  it('that are request-scoped are an error at the start, because they would not run', async () => {
    const perRequest = { provide: APP_GUARD, useClass: KeyGuard, scope: Scope.REQUEST };
    const start = serveGrpc(service(), { providers: [perRequest] });
    await expect(start).rejects.toThrow(/a global guard of the application/);
  });
});

describe('Where it listens', () => {
  it('is an error if another program uses it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    open.push({ stop: () => other.close() });
    const { port } = other.address() as { port: number };
    await expect(serveGrpc(service(), { grpc: { port } })).rejects.toMatchObject({
      name: 'GrpcListenError',
      reason: 'EADDRINUSE',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
  });

  it('may be a Unix socket, even if a killed process has left its file', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'vts-grpc-')), 'vts.sock');
    const { execFileSync } = await import('node:child_process');
    const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    expect(() => execFileSync(process.execPath, ['-e', leave], { stdio: 'ignore' })).toThrow();
    const { call } = await serve(service(), { grpc: { host: `unix:${path}`, port: 0 } });
    expect((await call('ServerLive', {})).response).toEqual({ live: true });
    await expect(serveGrpc(service(), { grpc: { host: `unix:${path}` } })).rejects.toMatchObject({
      reason: 'EADDRINUSE',
    });
  });

  it('may require TLS and client certificates', async () => {
    const cert = readFileSync('test/fixtures/tls/localhost.pem');
    const key = readFileSync('test/fixtures/tls/localhost.key.pem');
    const { port } = await serve(service(), {
      grpc: { credentials: { cert, key, clientCa: cert } },
    });
    const connect = async (own: boolean): Promise<unknown> => {
      const creds = own ? credentials.createSsl(cert, key, cert) : credentials.createSsl(cert);
      const client = await inferenceClient(`localhost:${port}`, {}, creds);
      open.unshift({ stop: () => client.close() });
      const deadline = Date.now() + 5000;
      return (await callOf(client, 'ServerLive', {}, {}, { deadline })).response;
    };
    expect(await connect(true)).toEqual({ live: true });
    expect(await failed(connect(false))).toMatchObject({ code: status.UNAVAILABLE });
  });

  it('closes connections above their number', async () => {
    const { port, registry } = await serve(service(), { grpc: { maxConnections: 1 } });
    const first = await inferenceClient(`127.0.0.1:${port}`);
    const second = await inferenceClient(`127.0.0.1:${port}`);
    open.unshift({ stop: () => first.close() }, { stop: () => second.close() });
    await callOf(first, 'ServerLive', {});
    expect(await failed(callOf(second, 'ServerLive', {}))).toMatchObject({
      code: status.UNAVAILABLE,
    });
    expect(await registry.metrics()).toMatch(/vts_grpc_connections 1\n/);
  });
});

describe('When it shuts down', () => {
  it('lets calls in progress end, and accepts no new ones', async () => {
    let answer: (() => void) | undefined;
    const slow = new Promise<void>((resolve) => (answer = resolve));
    let begun: (() => void) | undefined;
    const started = new Promise<void>((resolve) => (begun = resolve));
    const repositoryIndex = async (): Promise<[]> => {
      begun!();
      await slow;
      return [];
    };
    const served = await serveGrpc(service({ repositoryIndex }));
    const running = served.call('RepositoryIndex', {});
    await started;
    const stream = served.stream();
    const idle = once(stream, 'error') as Promise<[ServiceError]>;
    stream.on('data', () => undefined);
    await once(stream, 'metadata');
    const stopped = served.served.stop(0, 10_000);
    expect((await idle)[0].code).toBe(status.UNAVAILABLE);
    answer!();
    expect((await running).response).toEqual({ models: [] });
    await stopped;
    expect(await failed(served.call('ServerLive', {}))).toMatchObject({
      code: status.UNAVAILABLE,
    });
    served.client.close();
  });

  it('ends calls that take too long with UNAVAILABLE, without saying that nothing was run', async () => {
    const served = await serveGrpc(service({ repositoryIndex: () => new Promise(() => {}) }));
    const running = failed(served.call('RepositoryIndex', {}));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await served.stop(0, 100);
    const error = await running;
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(error.details).toContain('shutting down');
    expect(error.metadata.get('retry-after')).toEqual([]);
  });

  it('does not fail calls of clients with two servers that are replaced in turn', async () => {
    const ports: number[] = [];
    const start = async (port = 0): Promise<ServedGrpc> => {
      const served = await serveGrpc(service(), { grpc: { port } });
      ports.push(served.port);
      return served;
    };
    let [one, two] = [await start(), await start()];
    const config = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
    const client = await inferenceClient(`ipv4:127.0.0.1:${ports[0]},127.0.0.1:${ports[1]}`, {
      'grpc.service_config': config,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 200,
    });
    open.push({ stop: () => client.close() });
    let calls = 0;
    let going = true;
    const load = Array.from({ length: 8 }, async () => {
      while (going) {
        await callOf(client, 'ServerReady', {});
        calls++;
      }
    });
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 400));
    for (let round = 0; round < 2; round++) {
      await pause();
      await one.stop(100, 5000);
      one = await start(ports[0]);
      await pause();
      await two.stop(100, 5000);
      two = await start(ports[1]);
    }
    await pause();
    going = false;
    await Promise.all(load);
    expect(calls).toBeGreaterThan(100);
    await one.stop();
    await two.stop();
  });
});
