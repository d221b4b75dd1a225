import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import { createVtsDocument, setupVtsDocs, type VtsDocsOptions } from 'nestjs-vts';
import { adapter } from './adapter.js';

const SAMPLES = fileURLToPath(new URL('../../sample', import.meta.url));

/** All samples. */
export const sampleNames: readonly string[] = readdirSync(SAMPLES)
  .filter((name) => existsSync(`${SAMPLES}/${name}/src/app.module.ts`))
  .sort();

/** A sample as its `main.ts` starts it, and what it says above its OpenAPI document. */
export interface SampleApp {
  readonly app: INestApplication;
  readonly docs: VtsDocsOptions;
  readonly url: string;
}

/** Starts a sample on a port of its own, without log lines; the test closes it. */
export async function startSample(name: string): Promise<SampleApp> {
  const { AppModule, configure, docs } = await partsOf(name);
  const app = await NestFactory.create(AppModule, adapter(), {
    logger: false,
    abortOnError: false,
  });
  configure?.(app);
  setupVtsDocs(app, docs);
  await app.listen(0);
  return { app, docs, url: (await app.getUrl()).replace('[::1]', 'localhost') };
}

/** Samples that need a build for their models or workers, or Redis. */
const UNBUILT: ReadonlySet<string> = new Set(['02-pytorch-layer', '07-custom-runnable', '09-jobs']);

/** The OpenAPI document of a sample. */
export async function documentOf(name: string): Promise<OpenAPIObject> {
  if (!UNBUILT.has(name)) {
    const { app, docs } = await startSample(name);
    const document = createVtsDocument(app, docs);
    await app.close();
    return document;
  }
  const { AppModule, configure, docs } = await partsOf(name);
  // Nothing is made in a preview, and these documents need nothing of the models.
  const app = await NestFactory.create(AppModule, adapter(), { logger: false, preview: true });
  configure?.(app);
  return createVtsDocument(app, docs);
}

interface Parts {
  readonly AppModule: Type;
  readonly configure?: (app: INestApplication) => void;
  readonly docs: VtsDocsOptions;
}

async function partsOf(name: string): Promise<Parts> {
  const part = async (file: string): Promise<object> => {
    const path = `${SAMPLES}/${name}/src/${file}.ts`;
    return existsSync(path) ? ((await import(path)) as object) : {};
  };
  const parts = [await part('app.module'), await part('configure'), await part('docs')];
  return Object.assign({ docs: {} }, ...parts) as Parts;
}
