import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** @publicApi */
export interface VtsDocsOptions {
  /** @default 'VtsServing' */
  title?: string;
  /** A text in Markdown. */
  description?: string;
  /** The version of the service's interface. @default '1.0' */
  version?: string;
  /** Path of the page; the document is at this path with `-json` and `-yaml`. @default 'docs' */
  path?: string;
}

/**
 * The OpenAPI document of an application.
 *
 * @publicApi
 */
export function createVtsDocument(
  app: INestApplication,
  options: VtsDocsOptions = {},
): OpenAPIObject {
  const { title = 'VtsServing', description = '', version = '1.0' } = options;
  const config = new DocumentBuilder()
    .setTitle(title)
    .setDescription(description)
    .setVersion(version)
    .build();
  return SwaggerModule.createDocument(app, config);
}

/**
 * Serves Swagger UI at `/docs` and the OpenAPI document at `/docs-json` and `/docs-yaml`. Call it before `app.listen`;
 * nothing is loaded from outside, and the document is made at its first request.
 *
 * @example
 * const app = await NestFactory.create(AppModule);
 * setupVtsDocs(app, { title: 'Sentiment' });
 * await app.listen(process.env.PORT ?? 3000);
 *
 * @publicApi
 */
export function setupVtsDocs(app: INestApplication, options: VtsDocsOptions = {}): void {
  SwaggerModule.setup(options.path ?? 'docs', app, () => createVtsDocument(app, options));
}
