// Host applications, one of each variant, in a process of their own; a process without the module
// (no GUEST=vts) never loads it. Prints the ports and traces as a line of JSON.
import 'reflect-metadata';
import { IncomingMessage, ServerResponse, type RequestListener, type Server } from 'node:http';
import { Module, type INestApplication, type Type } from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost, NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { GlobalFilter, ProvidedFilter, ThingsController } from './things.js';
import { VARIANTS, type Host, type Variant } from './variants.js';

/** As much of a Fastify instance as a host's own part needs. */
interface Scope {
  register(part: (scope: Scope) => Promise<void>, options: { prefix: string }): void;
  get(path: string, handler: () => unknown): void;
  setErrorHandler(handler: (error: Error, request: unknown, reply: Reply) => unknown): void;
  setNotFoundHandler(handler: (request: unknown, reply: Reply) => unknown): void;
}
interface Reply {
  code(status: number): Reply;
  type(mime: string): Reply;
  send(body: string): Reply;
}

const boom = (): never => {
  throw new Error('boom');
};

async function create(variant: Variant, guests: readonly Type[]): Promise<INestApplication> {
  const filter = {
    provide: APP_FILTER,
    inject: [HttpAdapterHost],
    useFactory: (adapters: HttpAdapterHost) => new ProvidedFilter(adapters),
  };
  @Module({
    imports: [...guests],
    controllers: [ThingsController],
    providers: variant.providedFilter === true ? [filter] : [],
  })
  class HostModule {}
  const adapter: AbstractHttpAdapter =
    variant.adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(HostModule, adapter, { logger: false, abortOnError: false });
  app.use(ownMiddleware);
  if (variant.prefix !== undefined) app.setGlobalPrefix(variant.prefix);
  if (variant.globalFilter === true) {
    app.useGlobalFilters(new GlobalFilter(app.get(HttpAdapterHost)));
  }
  if (variant.pages !== true) await app.init();
  else if (variant.adapter === 'express') await initWithExpressPages(app);
  else await initWithFastifyPages(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

function ownMiddleware(
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: Error) => void,
): void {
  response.setHeader('X-Host', 'its own');
  next(request.headers['x-barred'] === undefined ? undefined : new Error('barred'));
}

async function initWithExpressPages(app: INestApplication): Promise<void> {
  const page: ErrorRequestHandler = (error: Error, _request, response, _next) => {
    response.status(500).type('html').send(`<h1>${error.message}</h1>`);
  };
  const legacy = express();
  legacy.get('/boom', boom);
  legacy.use(page);
  app.use('/legacy', legacy);
  await app.init();
  app.use(page);
  app.use(((_request, response) => response.end('<h1>Not here</h1>')) satisfies RequestListener);
}

async function initWithFastifyPages(app: INestApplication): Promise<void> {
  const instance = app.getHttpAdapter().getInstance() as Scope;
  instance.register(
    async (legacy) => {
      legacy.get('/boom', boom);
      legacy.setErrorHandler((error, _request, reply) =>
        reply.code(500).type('text/html').send(`<h1>${error.message}</h1>`),
      );
      legacy.setNotFoundHandler((_request, reply) =>
        reply.code(404).type('text/html').send('<h1>Not here</h1>'),
      );
    },
    { prefix: '/legacy' },
  );
  await app.init();
}

function tracesOf(app: INestApplication): Host['traces'] {
  const server = app.getHttpServer() as Server;
  const instance = app.getHttpAdapter().getInstance() as Express & { handle?: unknown };
  return {
    server: keysOf(server),
    'requireHostHeader of the server': (server as { requireHostHeader?: boolean })
      .requireHostHeader,
    'listeners for what Node answers by itself': Object.fromEntries(
      ['checkContinue', 'checkExpectation', 'clientError', 'connect', 'dropRequest', 'upgrade'].map(
        (event) => [event, server.listenerCount(event)],
      ),
    ),
    'the framework’s application': keysOf(instance),
    handle: String(instance.handle),
    'express.request': keysOf(express.request),
    'express.response': keysOf(express.response),
    'request of the application': keysOf(instance.request),
    'response of the application': keysOf(instance.response),
    IncomingMessage: keysOf(IncomingMessage.prototype),
    ServerResponse: keysOf(ServerResponse.prototype),
    'listeners of the process': Object.fromEntries(
      ['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException', 'unhandledRejection', 'exit'].map(
        (event) => [event, process.listenerCount(event)],
      ),
    ),
  };
}

/** Own keys, symbols among them, and which of them are accessors. */
function keysOf(object: object | undefined): string[] {
  return Reflect.ownKeys(object ?? {})
    .map((key) => {
      const { get } = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
      return `${String(key)}${get === undefined ? '' : ' (accessor)'}`;
    })
    .sort();
}

async function main(): Promise<void> {
  const guests = process.env['GUEST'] === 'vts' ? [(await import('./vts.js')).ScoreModule] : [];
  const hosts: Record<string, Host> = {};
  for (const variant of VARIANTS) {
    const app = await create(variant, guests);
    const { port } = (app.getHttpServer() as Server).address() as { port: number };
    hosts[variant.name] = { port, traces: tracesOf(app) };
  }
  console.log(JSON.stringify(hosts));
}

void main();
