import type { InferenceTransport } from './contract.js';
import { InferenceClientOptionError, type CheckedOptions } from './options.js';
import { fetchSender } from './rest/fetch-sender.js';
import { RestTransport } from './rest/transport.js';
import type { ServerUrl } from './server-url.js';

/** The transport to a server: replaces connect.ts in browsers, which have only `fetch`. */
export async function connect(
  server: ServerUrl,
  options: CheckedOptions,
): Promise<InferenceTransport> {
  if (server.protocol === 'grpc') {
    throw new InferenceClientOptionError(
      `"${server.target}" is a gRPC server, and browsers do not support gRPC; give its http:// or https:// URL.`,
    );
  }
  if (server.socketPath !== undefined || options.tls) {
    throw new InferenceClientOptionError(
      'Browsers cannot open Unix sockets, and manage certificates themselves; give an http:// or https:// URL, without tls.',
    );
  }
  const { fetch = globalThis.fetch.bind(globalThis) } = options;
  return new RestTransport(server.base, fetchSender(fetch), options);
}
