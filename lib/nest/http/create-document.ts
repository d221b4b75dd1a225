import type { INestApplication } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
/** @ts-ignore: without @nestjs/swagger its types are any. */
import type { DocumentBuilder, OpenAPIObject, SwaggerDocumentOptions } from '@nestjs/swagger';
import { getSchemaPath } from '../openapi.js';
import { required } from '../optional.js';
import { ApiError, errorContent } from './api-error.js';
import { documentPartOf } from './document-parts.js';
import { OperationIds, operationsOf, type Operation } from './operation-ids.js';

/** @publicApi */
export interface VtsDocsOptions {
  /** @default 'VtsServing' */
  title?: string;
  /** A description in Markdown. */
  description?: string;
  /** The version of the service's API. @default '1.0' */
  version?: string;
  /**
   * Everything else that `DocumentBuilder` has: servers, contact, and the security schemes of
   * guards, which controllers name with `@ApiSecurity()` or `@ApiBearerAuth()`. Operations with a
   * security scheme also document 401 and 403.
   *
   * @example
   * setupVtsDocs(app, { configure: (builder) => builder.addApiKey({ type: 'apiKey', in: 'header',
   * name: 'X-Api-Key' }, 'key') });
   */
  configure?: (builder: DocumentBuilder) => unknown;
  /** Probes and metrics in the document, as its last group. @default true */
  infrastructure?: boolean;
  /**
   * Options of `SwaggerModule.createDocument`. An `operationIdFactory` names the operations. By
   * default, an operation has the name of its method (`classifyText`), with the controller's name
   * before it if two controllers share the method name (`ReviewsController_score`).
   */
  swagger?: SwaggerDocumentOptions;
  /**
   * The path of the page. The document is at this path with `-json` and `-yaml` appended. @default
   * 'docs'
   */
  path?: string;
}

/**
 * The OpenAPI document of an application.
 *
 * @throws MissingPackageError if @nestjs/swagger is not installed.
 * @publicApi
 */
export function createVtsDocument(
  app: INestApplication,
  options: VtsDocsOptions = {},
): OpenAPIObject {
  const {
    title = 'VtsServing',
    description = '',
    version = '1.0',
    infrastructure = true,
  } = options;
  const { DocumentBuilder, SwaggerModule } = required('@nestjs/swagger', 'createVtsDocument()');
  const builder = new DocumentBuilder()
    .setTitle(title)
    .setDescription(description)
    .setVersion(version);
  options.configure?.(builder);
  const ids = new OperationIds(options.swagger?.operationIdFactory);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    ...options.swagger,
    operationIdFactory: ids.factory,
  });
  addPart(app, document);
  document.paths = ordered(document, ids, infrastructure);
  document.tags = groupsOf(document);
  ids.shorten(document);
  for (const operation of operationsOf(document)) declareRefusals(operation, document);
  return document;
}

/** The controllers of the module's own routes. */
const INFRASTRUCTURE: ReadonlySet<string | undefined> = new Set([
  'VtsHealthController',
  'VtsMetricsController',
]);

/** Moves the paths of probes and metrics to the end, or removes them. */
function ordered(
  { paths }: OpenAPIObject,
  ids: OperationIds,
  infrastructure: boolean,
): OpenAPIObject['paths'] {
  const isOwn = ([, { get }]: [string, OpenAPIObject['paths'][string]]): boolean =>
    get !== undefined && INFRASTRUCTURE.has(ids.controllerOf(get));
  const all = Object.entries(paths);
  const others = all.filter((entry) => !isOwn(entry));
  return Object.fromEntries(infrastructure ? [...others, ...all.filter(isOwn)] : others);
}

function addPart(app: INestApplication, document: OpenAPIObject): void {
  const part = documentPartOf(app.get(HttpAdapterHost));
  if (part === undefined) return;
  Object.assign(document.paths, part.paths);
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...part.schemas },
  };
}

/** The order of groups on the page: those that the application names first, then the others. */
function groupsOf(document: OpenAPIObject): OpenAPIObject['tags'] {
  const groups = new Map((document.tags ?? []).map((tag) => [tag.name, tag]));
  for (const name of operationsOf(document).flatMap(({ tags = [] }) => tags)) {
    if (!groups.has(name)) groups.set(name, { name });
  }
  return [...groups.values()];
}

/** Adds 401 and 403 to endpoints that require credentials. */
function declareRefusals(
  { responses, security }: Operation,
  { security: all }: OpenAPIObject,
): void {
  const fault = responses['400'];
  // The application documents its own routes itself.
  if (!(security ?? all)?.length || fault === undefined || !isApiError(fault)) return;
  for (const [status, description] of Object.entries(REFUSALS)) {
    responses[status] ??= { description, content: errorContent(Number(status), description) };
  }
}

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'The credentials are missing or wrong.',
  403: 'The credentials do not allow it.',
};

function isApiError(response: object): boolean {
  return JSON.stringify(response).includes(getSchemaPath(ApiError));
}
