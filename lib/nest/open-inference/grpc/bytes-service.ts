import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';

const same = (bytes: Buffer): Buffer => bytes;

/**
 * The service with bytes as messages. grpc-js would answer a message that it cannot read with
 * INTERNAL, although the client is at fault. So handlers read messages with {@link readMessage}.
 */
export function withBytes(service: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: same, responseSerialize: same },
    ]),
  );
}

/** @throws InferenceMessageError */
export function readMessage<Request>(
  { requestDeserialize, path }: MethodDefinition<Request, unknown>,
  bytes: Buffer,
): Request {
  try {
    return requestDeserialize(bytes);
  } catch {
    throw new InferenceMessageError(
      `The message for ${path} does not match the protocol`,
      'send a message as in its .proto file',
    );
  }
}
