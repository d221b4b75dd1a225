import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { OpenInferenceService } from '../../serving/open-inference/service.js';
import { addDocumentPart } from '../http/document-parts.js';
import { VTS_OPEN_INFERENCE } from '../vts.constants.js';
import { INFERENCE_SERVICE } from './inference-service.js';
import type { OpenInferenceOptions } from './open-inference-options.js';
import { Answers } from './rest/answers.js';
import { protocolDocument } from './rest/documentation.js';
import { inferenceController } from './rest/inference.controller.js';
import { modelController } from './rest/model.controller.js';
import { RegistryRunners } from './served-runners.js';

@Module({})
class VtsOpenInferenceModule implements OnApplicationShutdown {
  constructor(
    @Inject(INFERENCE_SERVICE) private readonly service: OpenInferenceService,
    @Inject(VTS_OPEN_INFERENCE) { path, document, repository }: OpenInferenceOptions,
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
    @Inject(ApplicationConfig) config: ApplicationConfig,
  ) {
    if (path === undefined || !document) return;
    addDocumentPart(host, () => {
      const prefix = config.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
      const root = prefix === '' ? path : `${prefix}/${path}`;
      return protocolDocument(root, repository);
    });
  }

  onApplicationShutdown(): void {
    this.service.close();
  }
}

const service: Provider = {
  provide: INFERENCE_SERVICE,
  inject: [RegistryRunners, VTS_OPEN_INFERENCE],
  useFactory: (runners: RegistryRunners, { limits }: OpenInferenceOptions) =>
    new OpenInferenceService(runners, limits),
};

/**
 * The providers that serve the protocol, in addition to the core module's.
 *
 * @param path The path of REST; undefined if it is turned off.
 */
export function openInferenceModule(path: string | undefined): DynamicModule {
  return {
    module: VtsOpenInferenceModule,
    controllers: path === undefined ? [] : [modelController(path), inferenceController(path)],
    providers: [RegistryRunners, service, Answers],
  };
}
