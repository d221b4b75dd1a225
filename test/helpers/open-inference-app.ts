import {
  Module,
  type INestApplication,
  type LoggerService,
  type ModuleMetadata,
} from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { ModelInput } from '../../lib/learner/pytorch/index.js';
import { INFERENCE_SERVICE } from '../../lib/nest/open-inference/inference-service.js';
import { RegistryRunners } from '../../lib/nest/open-inference/served-runners.js';
import type {
  VtsModuleExtras,
  VtsModuleOptions,
} from '../../lib/nest/vts-module-options.interface.js';
import { VtsModule } from '../../lib/nest/vts.module.js';
import type { InferenceService, ServedRunners } from '../../lib/serving/open-inference/contract.js';
import type { RunnerHandle } from '../../lib/serving/runner/runner-types.js';
import { runner } from './served-runners.js';

const ADAPTERS: Readonly<Record<string, () => AbstractHttpAdapter>> = {
  express: () => new ExpressAdapter(),
  fastify: () => new FastifyAdapter(),
};

/** An application that serves runners of a test by the protocol, on TypeScript as it is. */
export async function openInferenceApp(
  adapter: string,
  runners: ServedRunners,
  options: VtsModuleOptions & Partial<VtsModuleExtras> = {},
  adjust: {
    metadata?: ModuleMetadata;
    logger?: LoggerService;
    service?: Partial<InferenceService>;
    app?: (app: INestApplication) => void;
  } = {},
): Promise<INestApplication> {
  @Module({
    ...adjust.metadata,
    imports: [VtsModule.forRoot({ home: '/nonexistent', openInference: true, ...options })],
  })
  class Root {}
  const builder = Test.createTestingModule({ imports: [Root] })
    .overrideProvider(RegistryRunners)
    .useValue(runners);
  if (adjust.service !== undefined) {
    builder.overrideProvider(INFERENCE_SERVICE).useValue({ close: () => {}, ...adjust.service });
  }
  const module = await builder.compile();
  const app = module.createNestApplication(ADAPTERS[adapter]!(), {
    logger: adjust.logger ?? false,
  });
  adjust.app?.(app);
  await app.listen(0);
  return app;
}

/** A model of the PyTorch layer that returns its inputs, `INPUT0` as `OUTPUT0`. */
export function identity(
  tag: string,
  tensors: readonly Omit<ModelInput, 'name'>[],
  call: (item: unknown) => Promise<unknown> = async (item) =>
    Object.values(item as Record<string, unknown>),
): RunnerHandle & { ready: boolean } {
  const named = (as: string): ModelInput[] =>
    tensors.map((tensor, at) => ({ ...tensor, name: `${as}${at}` }) as ModelInput);
  return Object.assign(runner(tag, new Map([['__call__', call]])), {
    inputs: named('INPUT'),
    outputs: named('OUTPUT'),
    maxBatchSize: 8,
  }) as RunnerHandle & { ready: boolean };
}
