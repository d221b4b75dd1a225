import type { InferenceTransport } from '../../lib/client/contract.js';
import { InferenceError } from '../../lib/client/errors.js';
import { InputError } from '../../lib/learner/errors/index.js';
import type { InferenceService } from '../../lib/serving/open-inference/contract.js';

/** A service in this process as a client's transport, with the errors that come over a wire. */
export function serviceTransport(service: InferenceService): InferenceTransport {
  const told = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const status = error instanceof InputError ? 'INVALID_ARGUMENT' : 'INTERNAL';
      throw new InferenceError((error as Error).message, { status, mayHaveRun: false });
    }
  };
  return {
    infer: (request) => told(() => service.infer(request)),
    generate: (request) => told(() => service.generate(request)),
    generateStream: (request) => service.generateStream(request),
    async *inferStream(request) {
      const values = await told(() => service.inferStream(request));
      yield* values ?? [await service.infer(request)];
    },
    serverLive: async () => true,
    serverReady: async () => service.serverReady(),
    modelReady: async (name, version) => service.modelReady(name, version),
    serverMetadata: async () => service.serverMetadata(),
    modelMetadata: (name, version) => told(() => service.modelMetadata(name, version)),
    modelConfig: async (name, version) => service.modelConfig(name, version),
    statistics: async (name, version) => service.statistics(name, version),
    repositoryIndex: (readyOnly) => service.repositoryIndex(readyOnly),
    repositoryLoad: (name) => service.repositoryLoad(name),
    repositoryUnload: (name) => service.repositoryUnload(name),
    close: async () => undefined,
  };
}
