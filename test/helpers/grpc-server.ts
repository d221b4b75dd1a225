import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadInferenceDefinition } from '../../lib/client/grpc/definition.js';

export interface TestServer {
  readonly port: number;
  readonly server: Server;
  close(): void;
}

export interface TestServerOptions {
  /** Such as `127.0.0.1:0`, or `unix:/path`. */
  readonly address?: string;
  readonly credentials?: ServerCredentials;
}

/** A server of the Open Inference Protocol that does what `calls` say; all else is UNIMPLEMENTED. */
export async function startGrpcServer(
  calls: UntypedServiceImplementation,
  {
    address = '127.0.0.1:0',
    credentials = ServerCredentials.createInsecure(),
  }: TestServerOptions = {},
): Promise<TestServer> {
  const { service } = await loadInferenceDefinition();
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  server.addService(service, calls);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, server, close: () => server.forceShutdown() };
}
