import { createRequire, register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { INestApplication } from '@nestjs/common';
import { createVtsDocument } from '../../nest/http/create-document.js';
import { documentOf } from '../../nest/http/setup-docs.js';
import { RunnerTagsStorage } from '../../nest/injection/runner-tags.storage.js';
import type { ResolveFacts } from './capture-resolve.js';
import type { CaptureMessage } from './capture.js';

// Runs the app of a bundle during the build. The bundle has no node_modules yet, so imports of its
// files are resolved from the project.

async function main(): Promise<void> {
  const facts = JSON.parse(process.env['VTS_CAPTURE'] ?? '{}') as ResolveFacts;
  register(new URL('./capture-resolve.js', import.meta.url), { data: facts });
  await interceptListen(facts.project);
  process.argv[1] = join(facts.bundle, 'start.mjs');
  await import(pathToFileURL(process.argv[1]).href);
}

type Factory = object | (() => object);

/**
 * When the app would listen, it reports its models and its OpenAPI document instead, and ends.
 *
 * @param project The package.json of the app's project.
 */
async function interceptListen(project: string): Promise<void> {
  // The app's own copies, if they differ from those of this package.
  const core: typeof import('@nestjs/core') = await appModule(project, '@nestjs/core');
  const swagger: typeof import('@nestjs/swagger') = await appModule(project, '@nestjs/swagger');
  const { SwaggerModule } = swagger;
  let documented: Factory | undefined;
  const setup = SwaggerModule.setup.bind(SwaggerModule);
  SwaggerModule.setup = (path, app, document, options) => {
    documented ??= document as Factory;
    setup(path, app, document, options);
  };
  core.NestApplication.prototype.listen = async function (this: INestApplication) {
    await capture(this, () => {
      if (documented === undefined) return documentOf(this) ?? createVtsDocument(this);
      return typeof documented === 'function' ? (documented as () => object)() : documented;
    });
    process.exit(0);
  };
}

async function capture(app: INestApplication, document: () => object): Promise<void> {
  const pinned = new Promise<void>((resolve) => process.once('message', () => resolve()));
  await tell({ type: 'runners', tags: RunnerTagsStorage.all() });
  await pinned;
  let notStarted: string | undefined;
  try {
    // Learners know their columns once they are loaded.
    await app.init();
  } catch (error) {
    notStarted = error instanceof Error ? error.message : String(error);
  }
  await tell({ type: 'document', document: document(), notStarted });
  await app.close().catch(() => undefined);
}

function tell(message: CaptureMessage): Promise<void> {
  return new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
}

async function appModule<T>(project: string, name: string): Promise<T> {
  let path: string;
  try {
    path = createRequire(project).resolve(name);
  } catch {
    // A bundle without a project.
    path = createRequire(import.meta.url).resolve(name);
  }
  return (await import(pathToFileURL(path).href)) as T;
}

void main();
