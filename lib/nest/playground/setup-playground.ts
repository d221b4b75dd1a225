import type { INestApplication, Type } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ModelStore, Tag } from '../../serving/store/index.js';
import { PlatformHost } from '../http/platform-host.js';
import { Requests } from '../http/requests.js';
import { normalizeTag } from '../injection/runner-tags.storage.js';
import { RunnerRegistry } from '../injection/runner.registry.js';
import { ENDPOINT_NAMES } from '../served-model/served-endpoint.js';
import type { CardModel } from './cards.js';
import { distinctNames } from './distinct-names.js';
import { InvalidPlaygroundError } from './errors.js';
import { serveFiles } from './file-routes.js';
import { GuardedCalls } from './guarded-calls.js';
import { PlaygroundModel } from './model-routes.js';
import { readPage } from './page-files.js';
import { PlaygroundPage } from './playground-page.js';
import { readSamples } from './samples.js';

/** @publicApi */
export interface VtsPlaygroundOptions {
  /**
   * The path of the page. Like the path of the docs, it is not under the application's global
   * prefix. @default 'playground'
   */
  path?: string;
  /**
   * Tags of models that the page serves itself: `POST {path}/models/NAME/predict`, `/explain` and
   * `/show`, behind the application's global guards. Their runners are opened with the others.
   *
   * @default none
   */
  models?: readonly (string | Tag)[];
  /**
   * A folder of images and texts (`.txt`) to try models with: the first 24, each up to 20 MiB. They
   * are read once, and are as open as the page.
   *
   * @default none
   */
  samples?: string;
}

/** A model with existing endpoints in the application. */
export interface RoutedModel {
  readonly name: string;
  /** The tag by which its runner is injected. */
  readonly tag: string;
  /** The path before `/predict`, without slashes at its ends; '' for none. */
  readonly path: string;
}

/**
 * Serves a page to try endpoints and models in a browser: a form for each `@VtsApi` endpoint of the
 * application, made from its descriptors, and for each of `models` a view that fits its kind. Call
 * it before `app.listen`, and after everything that must come first (`app.use`, `app.enableCors`).
 *
 * The page's own files are open to everybody, and load nothing from other hosts. Its requests
 * (`{path}/api/models`, the models) run behind the application's global guards. The page lets its
 * user enter an `Authorization` or `x-api-key` header for them. Global interceptors and pipes, and
 * middleware that modules configure, do not run for it.
 *
 * @throws InvalidPlaygroundError for an invalid path, or a request-scoped global guard;
 * PlaygroundMissingError if the package is in a bundle; InvalidTagError.
 *
 * @example
 * const app = await NestFactory.create(AppModule); setupVtsPlayground(app, { models:
 * ['fastai_sentiment:latest'] }); await app.listen(process.env.PORT ?? 3000);
 *
 * @publicApi
 */
export function setupVtsPlayground(
  app: INestApplication,
  options: VtsPlaygroundOptions = {},
): void {
  servePlayground(app, options, []);
}

/**
 * The same, with models that already have endpoints.
 *
 * @returns The paths that are open to everybody.
 */
export function servePlayground(
  app: INestApplication,
  { path = 'playground', models = [], samples: folder }: VtsPlaygroundOptions,
  routed: readonly RoutedModel[],
): string[] {
  const root = rootOf(path);
  const platform = partOf(app, PlatformHost).demand();
  const registry = partOf(app, RunnerRegistry);
  const store = partOf(app, ModelStore);
  const requests = partOf(app, Requests);
  const calls = new GuardedCalls(app);
  const own = new Set<string>();
  const tags = models.map(normalizeTag);
  const names = distinctNames(tags.map((tag) => Tag.parse(tag).name));
  const served = tags.map((tag, i): CardModel => {
    const name = names[i]!;
    const runner = registry.get(tag);
    // Opened with the others, whose failures end the start; later, its first call has the error.
    registry.feature(tag).catch(() => undefined);
    const base = `models/${name}/`;
    const model = new PlaygroundModel(name, tag, runner, store, requests);
    for (const at of model.route(`${root}/models/${name}`, platform, calls)) own.add(at);
    return { name, runner, base };
  });
  const up = '../'.repeat(root.split('/').length - 1);
  const known = routed.map(({ name, tag, path: at }): CardModel => {
    const base = at === '' ? '' : `${at}/`;
    for (const each of ENDPOINT_NAMES) own.add(`/${base}${each}`);
    return { name, runner: registry.get(normalizeTag(tag)), base: up + base };
  });
  const samples = folder === undefined ? [] : readSamples(folder);
  const content = { models: [...known, ...served], samples, up, own };
  const page = new PlaygroundPage(app, platform, store, content);
  const adapter = app.getHttpAdapter() as AbstractHttpAdapter;
  adapter.get(`${root}/api/models`, calls.handler(page, 'models') as never);
  const files = [...readPage(), ...samples.map(({ file }) => file)];
  serveFiles(adapter, root, files);
  return files.map(({ path: at }) => `${root}/${at}`);
}

/** '' for the root of the application. @throws InvalidPlaygroundError */
function rootOf(path: string): string {
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  if (trimmed === '') return '';
  if (/^[\w.~-]+(?:\/[\w.~-]+)*$/.test(trimmed)) return `/${trimmed}`;
  throw new InvalidPlaygroundError(
    `the path ${JSON.stringify(path)} cannot be used`,
    'use one of letters, digits, ., _, ~ and -, such as "try/models"',
  );
}

/** @throws InvalidPlaygroundError if the application does not have such a part. */
function partOf<Part>(app: INestApplication, part: Type<Part>): Part {
  try {
    return app.get<Part>(part, { strict: false });
  } catch {
    throw new InvalidPlaygroundError(
      'the application does not import VtsModule',
      'import VtsModule.forRoot() in its root module',
    );
  }
}
