import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
// A model of a store makes its runner once this is loaded.
import '../../serving/index.js';
import type { RunnerOptions } from '../../serving/runner/runner-options-types.js';
import { VtsExpressAdapter } from '../../nest/http/express/vts-express-adapter.js';
import { setupVtsDocs } from '../../nest/http/setup-docs.js';
import type { VtsGrpcOptions } from '../../nest/open-inference/grpc/grpc-options.js';
import { VtsGrpcServer } from '../../nest/open-inference/vts-grpc-server.js';
import { servePlayground } from '../../nest/playground/setup-playground.js';
import { servedController } from '../../nest/served-model/served-controller.js';
import { VtsModule } from '../../nest/vts.module.js';
import { requireApiKey } from './api-key.js';
import type { ServeLogger } from './serve-logger.js';
import type { ServedTargets } from './targets.js';

export { ServeLogger } from './serve-logger.js';

/** How models are served. */
export interface ServeSettings {
  readonly runner: RunnerOptions;
  readonly logger: ServeLogger;
  readonly timeoutMs: number | undefined;
  readonly watch: boolean;
  readonly page: boolean;
  /** Whether @nestjs/swagger documents it at `/docs`. */
  readonly docs: boolean;
  /** A folder of what one may try on the page. */
  readonly samples: string | undefined;
  /** Origins whose pages may call; undefined for none. */
  readonly cors: string | readonly string[] | undefined;
  readonly apiKey: string | undefined;
  /** Where the Open Inference Protocol is served over gRPC; undefined for HTTP alone. */
  readonly grpc: VtsGrpcOptions | undefined;
}

/** What callers of other origins may read beside the answer. */
const EXPOSED = ['retry-after', 'x-request-id', 'inference-header-content-length'];

const PROBES = ['/livez', '/readyz', '/healthz', '/v2/health/live', '/v2/health/ready'];

/**
 * An application that serves models, with a page, documentation, metrics and health checks: one at
 * `/predict`, several at `/models/NAME/predict`.
 */
export async function createServeApp(
  { store, targets, cleanup }: ServedTargets,
  settings: ServeSettings,
): Promise<INestApplication> {
  const { logger, timeoutMs, watch, runner, page, docs, samples, cors, apiKey, grpc } = settings;
  const several = targets.length > 1;
  const routed = targets.map((target) => {
    return { ...target, path: several ? `models/${target.name}` : '' };
  });
  const controllers = [];
  for (const { tag, name, model, path } of routed) {
    const suffix = several ? `_${name.replace(/\W/g, '_')}` : '';
    controllers.push(await servedController(tag, model, { path, suffix }));
  }

  @Module({
    imports: [
      VtsModule.forRoot({
        home: store.home,
        watch,
        scope: 'application',
        openInference: grpc === undefined ? true : { grpc },
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        runners: Object.fromEntries(targets.map(({ tag }) => [tag, runner])),
      }),
    ],
    controllers,
  })
  class ServeModule {
    onApplicationShutdown(): Promise<void> {
      return cleanup();
    }
  }

  const adapter = new VtsExpressAdapter();
  const app = await NestFactory.create(ServeModule, adapter, { abortOnError: false, logger });
  app.enableShutdownHooks([], { useProcessExit: true });
  // Before the key: browsers ask what they may send without it.
  if (cors !== undefined)
    app.enableCors({ origin: cors as string | string[], exposedHeaders: EXPOSED });
  const open = new Set(PROBES);
  if (apiKey !== undefined) requireApiKey(app, apiKey, open);
  if (docs) setupVtsDocs(app, { ...titleOf(targets), ...(apiKey === undefined ? {} : withKey) });
  if (page) {
    const own = samples === undefined ? {} : { samples };
    for (const path of servePlayground(app, { path: '/', ...own }, routed)) open.add(path);
  }
  return app;
}

/** The port of {@link createServeApp}'s gRPC server; undefined where it has none. */
export function grpcPortOf(app: INestApplication): number | undefined {
  return app.get(VtsGrpcServer, { strict: false }).port;
}

const withKey: Pick<NonNullable<Parameters<typeof setupVtsDocs>[1]>, 'configure'> = {
  configure: (builder) =>
    builder
      .addApiKey({ type: 'apiKey', in: 'header', name: 'x-api-key' }, 'key')
      .addSecurityRequirements('key'),
};

function titleOf(targets: ServedTargets['targets']): {
  title: string;
  description: string;
  version: string;
} {
  const [first] = targets;
  if (first !== undefined && targets.length === 1) {
    const { tag } = first.model;
    return {
      title: first.name,
      description: `The model \`${String(tag)}\`.`,
      version: tag.version ?? '1',
    };
  }
  const names = targets.map(({ name }) => `\`${name}\``).join(', ');
  return { title: 'Models', description: `The models ${names}.`, version: '1' };
}
