import { createRequire } from 'node:module';
import type { INestApplication } from '@nestjs/common';
/** @ts-ignore: without @nestjs/swagger its types are any. */
import type { OpenAPIObject } from '@nestjs/swagger';
import { pathOf, required } from '../optional.js';

type Handler = (request: object, response: object, next: () => void) => unknown;
type App = INestApplication & { useStaticAssets(folder: string, options: object): unknown };

const FEATURE = 'setupVtsDocs()';

/**
 * Serves Swagger UI and the document as `SwaggerModule.setup` does. On Express, @nestjs/swagger is
 * loaded at the first request for one of them; on Fastify, at once.
 *
 * @throws MissingPackageError if @nestjs/swagger is not installed.
 */
export function serveDocs(
  app: INestApplication,
  path: string,
  document: () => OpenAPIObject,
): void {
  const root = path.startsWith('/') ? path : `/${path}`;
  const adapter = app.getHttpAdapter();
  if (adapter.getType() !== 'express' || !/^(?:\/[\w.-]+)+$/.test(root)) {
    required('@nestjs/swagger', FEATURE).SwaggerModule.setup(path, app, document);
    return;
  }
  const folder = assetsOf(pathOf('@nestjs/swagger', FEATURE));
  let handlers: Promise<ReadonlyMap<string, Handler>> | undefined;
  for (const route of routesAt(root)) {
    const handle: Handler = async (request, response, next) => {
      handlers ??= loadHandlers(app, path, document);
      const handler = (await handlers).get(route) ?? (() => next());
      return handler(request, response, next);
    };
    adapter.get(route, handle as never);
  }
  for (const prefix of foldersAt(root)) (app as App).useStaticAssets(folder, { prefix });
}

/** The routes of `SwaggerModule.setup` on Express, in its order; a test compares them. */
export function routesAt(root: string): string[] {
  const script = '/swagger-ui-init.js';
  const ends = [script, `${lastOf(root)}${script}`, '', '/index.html', '/LICENSE', '/'];
  return [...ends, '-json', '-yaml'].map((end) => `${root}${end}`);
}

/** The path of Swagger UI's files: the page of `/a/docs` requests `/a/docs/docs`. */
export function foldersAt(root: string): string[] {
  return root === lastOf(root) ? [root] : [root, `${root}${lastOf(root)}`];
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/'));
}

/** Its handlers, by their routes. */
async function loadHandlers(
  app: INestApplication,
  path: string,
  document: () => OpenAPIObject,
): Promise<ReadonlyMap<string, Handler>> {
  // The files are read without blocking.
  await import('@nestjs/swagger');
  const handlers = new Map<string, Handler>();
  const adapter = {
    getType: () => 'express',
    getRequestUrl: (request: object) => app.getHttpAdapter().getRequestUrl?.(request),
    get: (route: string, handler: Handler) => handlers.set(route, handler),
  };
  const recorder = { getHttpAdapter: () => adapter, useStaticAssets: () => undefined };
  const { SwaggerModule } = required('@nestjs/swagger', FEATURE);
  SwaggerModule.setup(path, recorder as unknown as INestApplication, document);
  return handlers;
}

/** The folder with the files of Swagger UI, which @nestjs/swagger includes. */
function assetsOf(swagger: string): string {
  return (createRequire(swagger)('swagger-ui-dist/absolute-path.js') as () => string)();
}
