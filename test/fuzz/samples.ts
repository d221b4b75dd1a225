import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { INestApplication, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createVtsDocument, setupVtsDocs, type VtsDocsOptions } from 'nestjs-vts';
import { adapter } from '../helpers/adapter.js';
import { componentsOf, endpointsOf, type ApiDocument, type Endpoint } from './endpoints.js';
import { canStart, DIST, environmentOf } from './sample-setup.js';
import type { Components } from './schema-values.js';

/** A sample's application in this process. */
export interface Sample {
  readonly name: string;
  readonly app: INestApplication;
  readonly port: number;
  readonly components: Components;
  readonly endpoints: readonly Endpoint[];
}

/** What services have logged as errors: no request of a client is one. */
export class ErrorLog implements LoggerService {
  readonly lines: string[] = [];
  log(): void {}
  warn(): void {}
  error(...parts: unknown[]): void {
    this.lines.push(parts.map(String).join(' '));
  }
}

/** Starts the application of each sample, as its `main.ts` does. */
export async function startSamples(log: ErrorLog): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const name of sampleNames()) samples.push(await startSample(name, log));
  return samples;
}

function sampleNames(): string[] {
  // VTS_FUZZ_SAMPLES=01,04 takes some of them.
  const wanted = process.env['VTS_FUZZ_SAMPLES']?.split(',');
  return readdirSync('sample')
    .filter((name) => existsSync(`sample/${name}/src/app.module.ts`) && canStart(name))
    .filter((name) => wanted === undefined || wanted.some((start) => name.startsWith(start)))
    .sort();
}

async function startSample(name: string, log: ErrorLog): Promise<Sample> {
  const environment = await environmentOf(name);
  Object.assign(process.env, environment);
  const { AppModule } = (await load(name, 'app.module')) as { AppModule: Type };
  // Other samples read it as well.
  delete process.env['VTS_HOME'];
  const app = await NestFactory.create(AppModule, adapter(), { logger: log, abortOnError: false });
  const { configure } = (await load(name, 'configure')) as { configure?: (app: unknown) => void };
  const { docs } = (await load(name, 'docs')) as { docs?: VtsDocsOptions };
  configure?.(app);
  setupVtsDocs(app, docs);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  const document = createVtsDocument(app, docs) as ApiDocument;
  const components = componentsOf(document);
  return { name, app, port, components, endpoints: endpointsOf(name, port, document) };
}

/** A module of a sample; nothing where the sample does not have it. */
async function load(sample: string, module: string): Promise<object> {
  const file = resolve(`${DIST}/sample/${sample}/src/${module}.js`);
  return existsSync(file) ? ((await import(file)) as object) : {};
}
