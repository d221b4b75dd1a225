import type { INestApplication } from '@nestjs/common';
/** @ts-ignore: without @nestjs/swagger its types are any. */
import type { OpenAPIObject } from '@nestjs/swagger';
import { createVtsDocument, type VtsDocsOptions } from './create-document.js';
import { serveDocs } from './serve-docs.js';

/**
 * Serves Swagger UI at `/docs` and the OpenAPI document at `/docs-json` and `/docs-yaml`. Call it
 * before `app.listen`. Nothing is loaded from other hosts. The document is created at its first
 * request. On Express, @nestjs/swagger is also loaded only then.
 *
 * @throws MissingPackageError if @nestjs/swagger is not installed.
 *
 * @example
 * const app = await NestFactory.create(AppModule); setupVtsDocs(app, { title: 'Sentiment' }); await
 * app.listen(process.env.PORT ?? 3000);
 *
 * @publicApi
 */
export function setupVtsDocs(app: INestApplication, options: VtsDocsOptions = {}): void {
  const document = (): OpenAPIObject => createVtsDocument(app, options);
  documents.set(app.getHttpAdapter(), document);
  serveDocs(app, options.path ?? 'docs', document);
}

/** Keyed by the HTTP adapters of their applications. */
const documents = new WeakMap<object, () => OpenAPIObject>();

/** The document that an application serves; undefined if it serves none. */
export function documentOf(app: INestApplication): OpenAPIObject | undefined {
  return documents.get(app.getHttpAdapter())?.();
}
