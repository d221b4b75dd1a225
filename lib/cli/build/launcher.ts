export type Service =
  /** A program that serves. */
  | { readonly kind: 'program'; readonly file: string }
  /** A Nest module, for which the bundle makes the program. */
  | { readonly kind: 'module'; readonly file: string; readonly name: string }
  /** The models are served as they are. */
  | { readonly kind: 'model'; readonly tag: string };

export const SOURCE = 'src';

export interface LauncherFacts {
  readonly service: Service;
  readonly title: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly env: readonly (readonly [string, string])[];
}

export function launcher({ service, title, version, description, env }: LauncherFacts): string {
  const docs = { title, version, ...(description === undefined ? {} : { description }) };
  const variables = env.map(
    ([name, value]) => `process.env[${JSON.stringify(name)}] ??= ${JSON.stringify(value)};\n`,
  );
  return `// Starts the app of this bundle with the models that are pinned in it.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

// Node 22.1 and later keep what they have compiled for the next start.
module.enableCompileCache?.();
const bundle = fileURLToPath(new URL('.', import.meta.url));
process.env.NODE_ENV ??= 'production';
process.env.VTS_BUNDLE_HOME ??= bundle;
process.env.VTS_HOME ??= process.env.VTS_BUNDLE_HOME;
${variables.join('')}
${start(service, docs)}`;
}

function start(service: Service, docs: object): string {
  if (service.kind === 'model') {
    return `const cli = new URL('dist/lib/cli/main.js', import.meta.resolve('nestjs-vts/package.json'));
process.argv.splice(2, Infinity, 'serve', ${JSON.stringify(service.tag)}, '--home', process.env.VTS_BUNDLE_HOME, ...process.argv.slice(2));
await import(cli.href);
`;
  }
  const file = JSON.stringify(`./${SOURCE}/${service.file.replaceAll('\\', '/')}`);
  const enter = `process.chdir(fileURLToPath(new URL('./${SOURCE}/', import.meta.url)));\n`;
  if (service.kind === 'program') return `${enter}await import(${file});\n`;
  return `await import('reflect-metadata');
const { NestFactory } = await import('@nestjs/core');
const { setupVtsDocs } = await import('nestjs-vts');

${enter}const { ${service.name} } = await import(${file});
const app = await NestFactory.create(${service.name});
app.enableShutdownHooks([], { useProcessExit: true });
setupVtsDocs(app, ${JSON.stringify(docs)});
await app.listen(process.env.PORT ?? 3000);
`;
}

/** Asks the running app whether it is alive; the exit code says so. */
export const HEALTH_CHECK = `// Exits with 0 when the app answers.
const port = process.env.PORT ?? 3000;
// An app with a global prefix has its probe elsewhere, but still answers.
const answer = await fetch(\`http://127.0.0.1:\${port}/livez\`, { signal: AbortSignal.timeout(4000) });
process.exit(answer.status < 500 ? 0 : 1);
`;
