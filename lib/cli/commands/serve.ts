import { VtsError } from '../../learner/errors/index.js';
import type { GrpcListenError } from '../../nest/open-inference/grpc/errors.js';
import { hasCode } from '../../serving/store/durable.js';
import { CommandError } from '../errors.js';
import { warn } from '../output/print.js';
import { loadServeApp } from '../serve/load-app.js';
import { openBrowser } from '../serve/open-browser.js';
import type { ServeLogger } from '../serve/serve-logger.js';
import { findTargets, type ServedTarget, type TargetOptions } from '../serve/targets.js';

export interface ServeOptions extends TargetOptions {
  readonly port: number;
  readonly host: string;
  readonly grpcPort?: number;
  readonly workers?: number;
  readonly threads?: number;
  readonly timeout?: number;
  readonly quantize?: 'int8';
  readonly open?: boolean;
  /** False with `--no-page`. */
  readonly page: boolean;
  readonly samples?: string;
  /** True for all origins. */
  readonly cors?: true | string;
  readonly apiKey?: string;
  readonly logFormat: 'json' | 'text';
}

export async function serve(given: readonly string[], options: ServeOptions): Promise<void> {
  const {
    workers,
    threads,
    quantize,
    timeout,
    watch = false,
    port,
    host,
    grpcPort,
    page,
  } = options;
  refuseUseless(options);
  const cors = originsOf(options.cors);
  const found = await findTargets(given, options);
  // Nest is loaded when there is something to serve.
  const { createServeApp, grpcPortOf, ServeLogger, docs } = await loadServeApp();
  const logger = new ServeLogger(options.logFormat);
  const app = await createServeApp(found, {
    runner: {
      ...(workers === undefined ? {} : { workers }),
      ...(threads === undefined ? {} : { threads }),
      ...(quantize === undefined ? {} : { quantize }),
    },
    logger,
    timeoutMs: timeout,
    watch,
    page,
    docs,
    samples: options.samples,
    cors,
    apiKey: options.apiKey,
    grpc: grpcPort === undefined ? undefined : { port: grpcPort, host },
  });
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    if (error instanceof VtsError && error.code === 'VTS_GRPC_LISTEN') {
      throw new CommandError(
        `Cannot listen on ${host}:${grpcPort} for gRPC (${(error as GrpcListenError).reason})`,
        'Choose another --grpc-port',
      );
    }
    if (!hasCode(error, 'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL')) throw error;
    throw new CommandError(
      `Cannot listen on ${host}:${port} (${(error as NodeJS.ErrnoException).code})`,
      'Choose another --port',
    );
  }
  const url = (await app.getUrl()).replace(/\[::1?\]|0\.0\.0\.0/, 'localhost');
  const grpc = grpcPortOf(app);
  tell(logger, urlsOf(url, found.targets, { page, docs, grpc }), found.targets);
  if (options.open === true) {
    openBrowser(`${url}/`, (reason) => warn(`No browser was opened (${reason}); open ${url}/.`));
  }
}

/** @throws CommandError for options that exclude each other. */
function refuseUseless({ page, open, samples, apiKey }: ServeOptions): void {
  const [without] = [open && '--open', samples !== undefined && '--samples'].filter(Boolean);
  if (!page && without) {
    throw new CommandError(`${without} is for the page, but --no-page is given`, 'Leave one out');
  }
  if (apiKey !== undefined && apiKey.trim() === '') {
    throw new CommandError('The API key is empty', 'Set --api-key or VTS_API_KEY to a key');
  }
}

function originsOf(given: true | string | undefined): string | readonly string[] | undefined {
  if (given === undefined) return undefined;
  if (given === true) return '*';
  const origins = given.split(',').map((origin) => origin.trim());
  const other = origins.find((origin) => origin !== '*' && !isOrigin(origin));
  if (other !== undefined) {
    throw new CommandError(
      `"${other}" is not an origin`,
      'Give one such as https://app.example.com, or several separated by commas',
    );
  }
  return origins.includes('*') ? '*' : origins;
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

const DOCS_HINT =
  'For documentation at /docs, run npm install @nestjs/platform-express @nestjs/swagger.';

interface Parts {
  readonly page: boolean;
  readonly docs: boolean;
  readonly grpc: number | undefined;
}

type Urls = Readonly<Record<string, string>>;

function urlsOf(url: string, targets: readonly ServedTarget[], parts: Parts): Urls {
  const { page, docs, grpc } = parts;
  return {
    ...(page ? { page: `${url}/` } : {}),
    predict: targets.length === 1 ? `${url}/predict` : `${url}/models/NAME/predict`,
    ...(docs ? { docs: `${url}/docs` } : {}),
    metrics: `${url}/metrics`,
    ...(grpc === undefined ? {} : { grpc: `grpc://${new URL(url).hostname}:${grpc}` }),
  };
}

function tell(logger: ServeLogger, urls: Urls, targets: readonly ServedTarget[]): void {
  const models = targets.map(({ name, model }) => `${name} (${String(model.tag)})`);
  if (logger.format === 'json') {
    logger.log({ message: 'Serving', models, ...urls }, 'VtsServe');
    return;
  }
  const { page, predict, docs, metrics, grpc } = urls;
  const parts = [
    ...(page === undefined ? [] : [`page ${page}`]),
    `POST ${predict}`,
    ...(docs === undefined ? [] : [`documentation ${docs}`]),
    `metrics ${metrics}`,
    ...(grpc === undefined ? [] : [`gRPC ${grpc}`]),
  ];
  const names = targets.map(({ name }) => name).join(', ');
  process.stdout.write(`Serving ${names}: ${parts.join(', ')}\n`);
  if (docs === undefined) process.stdout.write(`${DOCS_HINT}\n`);
}
