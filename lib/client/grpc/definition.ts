import { fileURLToPath } from 'node:url';
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { loadGrpc } from './load.js';

/** The messages of these methods stay bytes: `messages.ts` reads and writes them. */
const WITH_TENSORS = ['ModelInfer', 'ModelStreamInfer'];

const same = (bytes: Buffer): Buffer => bytes;
const BYTES = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

/** The service in the form of grpc-js, for servers and clients. */
export interface InferenceDefinition {
  /**
   * Messages have the names of the .proto (`model_name`), 64-bit numbers as strings, and
   * enumerations by name. They have every field, with its default if it was not sent; `oneof`s name
   * the field that is set. ModelInfer and ModelStreamInfer take and return the bytes of their
   * messages.
   */
  readonly service: ServiceDefinition;
  /** The whole .proto, for reflection. */
  readonly packageDefinition: PackageDefinition;
}

let loaded: Promise<InferenceDefinition> | undefined;

/** `inference.GRPCInferenceService`, loaded once. */
export function loadInferenceDefinition(): Promise<InferenceDefinition> {
  return (loaded ??= load());
}

async function load(): Promise<InferenceDefinition> {
  const file = fileURLToPath(new URL('./proto/open_inference.proto', import.meta.url));
  const packageDefinition = await loadGrpc().protoLoader.load(file, {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const methods = packageDefinition['inference.GRPCInferenceService'] as ServiceDefinition;
  const withTensors = WITH_TENSORS.map((name) => [name, { ...methods[name]!, ...BYTES }]);
  return { service: { ...methods, ...Object.fromEntries(withTensors) }, packageDefinition };
}
