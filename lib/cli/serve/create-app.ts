import { Module, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { fastai } from '../../serving/index.js';
import { FASTAI } from '../../serving/models/fastai/rules.js';
import type { RunnerOptions } from '../../serving/runner/runner-options-types.js';
import { VtsExpressAdapter } from '../../nest/http/express/vts-express-adapter.js';
import { setupVtsDocs } from '../../nest/http/setup-docs.js';
import type { Model, ModelStore } from '../../serving/store/index.js';
import { VtsModule } from '../../nest/vts.module.js';
import { callMethod, moduleBody } from '../predict/module-predictor.js';
import { moduleController, predictController, type LearnerFacts } from './predict-controller.js';

/** How a model is served. */
export interface ServeSettings {
  readonly runner?: RunnerOptions;
  readonly timeoutMs?: number;
  readonly watch?: boolean;
}

/** An application that serves one model, with documentation and health checks. */
export async function createServeApp(
  store: ModelStore,
  tag: string,
  settings: ServeSettings = {},
): Promise<INestApplication> {
  const model = await store.get(tag);
  const controller = await controllerOf(tag, model);
  const { watch = false, runner, timeoutMs } = settings;

  @Module({
    imports: [
      VtsModule.forRoot({
        home: store.home,
        watch,
        scope: 'application',
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(runner === undefined ? {} : { runners: { [tag]: runner } }),
      }),
    ],
    controllers: [controller],
  })
  class ServeModule {}

  const app = await NestFactory.create(ServeModule, new VtsExpressAdapter(), {
    abortOnError: false,
  });
  app.enableShutdownHooks([], { useProcessExit: true });
  setupVtsDocs(app, {
    title: model.tag.name,
    description: `The model \`${String(model.tag)}\`.`,
    version: model.tag.version ?? '1',
  });
  return app;
}

async function controllerOf(tag: string, model: Model): Promise<Type> {
  if (!FASTAI.modules.includes(model.info.module)) {
    return moduleController(tag, callMethod(model), await moduleBody(model));
  }
  return predictController(tag, await factsOf(await fastai.get(model)));
}

/** Rows have columns, which only the loaded learner tells; of others the file does. */
async function factsOf(model: fastai.FastaiModel): Promise<LearnerFacts> {
  const { openLearnerFile } = await import('../../learner/fastai/learner-file.js');
  const file = openLearnerFile(model.pathOf('saved_model.pkl'));
  const { kind } = file;
  file.torchFile.close();
  if (kind !== 'tabular' && kind !== 'collab') return { kind, schema: undefined };
  const learner = await fastai.loadModel(model);
  const { schema } = learner;
  await learner.release();
  return { kind, schema };
}
