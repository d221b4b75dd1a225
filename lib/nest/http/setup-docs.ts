import type { INestApplication } from '@nestjs/common';
/** @ts-ignore: without @nestjs/swagger its types are any. */
import type { DocumentBuilder, OpenAPIObject } from '@nestjs/swagger';
import { required } from '../optional.js';
import { serveDocs } from './serve-docs.js';
import { ApiError } from './api-error.js';
import { getSchemaPath } from '../openapi.js';

/** @publicApi */
export interface VtsDocsOptions {
  /** @default 'VtsServing' */
  title?: string;
  /** A text in Markdown. */
  description?: string;
  /** The version of the service's interface. @default '1.0' */
  version?: string;
  /**
   * What else `DocumentBuilder` has: servers, contact, and the security schemes that guards ask
   * for, which controllers name with `@ApiSecurity()` or `@ApiBearerAuth()`. Operations with one
   * are documented to answer 401 and 403.
   *
   * @example
   * setupVtsDocs(app, { configure: (builder) => builder.addApiKey({ type: 'apiKey', in: 'header', name: 'X-Api-Key' }, 'key') });
   */
  configure?: (builder: DocumentBuilder) => unknown;
  /** Path of the page; the document is at this path with `-json` and `-yaml`. @default 'docs' */
  path?: string;
}

/**
 * The OpenAPI document of an application.
 *
 * @throws MissingPackageError where @nestjs/swagger is not installed.
 * @publicApi
 */
export function createVtsDocument(
  app: INestApplication,
  options: VtsDocsOptions = {},
): OpenAPIObject {
  const { title = 'VtsServing', description = '', version = '1.0' } = options;
  const { DocumentBuilder, SwaggerModule } = required('@nestjs/swagger', 'createVtsDocument()');
  const builder = new DocumentBuilder()
    .setTitle(title)
    .setDescription(description)
    .setVersion(version);
  options.configure?.(builder);
  const document = SwaggerModule.createDocument(app, builder.build());
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path as Record<string, Partial<Operation>>)) {
      // Those of the application's own routes are its own affair.
      const { responses, security = document.security } = operation;
      const fault = responses?.['400'];
      if (security?.length && responses && fault && isApiError(fault)) {
        responses['401'] ??= { ...fault, description: 'The credentials are missing or wrong.' };
        responses['403'] ??= { ...fault, description: 'The credentials do not allow it.' };
      }
    }
  }
  return document;
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;

function isApiError(response: object): boolean {
  return JSON.stringify(response).includes(getSchemaPath(ApiError));
}

/**
 * Serves Swagger UI at `/docs` and the OpenAPI document at `/docs-json` and `/docs-yaml`. Call it
 * before `app.listen`. Nothing is loaded from other hosts. The document is made at its first request;
 * on Express @nestjs/swagger is loaded then, too.
 *
 * @throws MissingPackageError where @nestjs/swagger is not installed.
 *
 * @example
 * const app = await NestFactory.create(AppModule);
 * setupVtsDocs(app, { title: 'Sentiment' });
 * await app.listen(process.env.PORT ?? 3000);
 *
 * @publicApi
 */
export function setupVtsDocs(app: INestApplication, options: VtsDocsOptions = {}): void {
  const document = (): OpenAPIObject => createVtsDocument(app, options);
  documents.set(app.getHttpAdapter(), document);
  serveDocs(app, options.path ?? 'docs', document);
}

/** By the adapters of their applications. */
const documents = new WeakMap<object, () => OpenAPIObject>();

/** The document that an application serves; undefined where it serves none. */
export function documentOf(app: INestApplication): OpenAPIObject | undefined {
  return documents.get(app.getHttpAdapter())?.();
}
