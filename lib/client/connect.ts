import type { InferenceTransport } from './contract.js';
import type { CheckedOptions } from './options.js';
import { fetchSender } from './rest/fetch-sender.js';
import { nodeSender } from './rest/node-sender.js';
import { RestTransport } from './rest/transport.js';
import type { ServerUrl } from './server-url.js';

/** The transport to a server. The browser build replaces this file with connect-browser.ts. */
export async function connect(
  server: ServerUrl,
  options: CheckedOptions,
): Promise<InferenceTransport> {
  if (server.protocol === 'grpc') {
    const { createGrpcTransport } = await import('./grpc/transport.js');
    const { maxResponseBytes, ...others } = options;
    return createGrpcTransport(server.target, { ...others, maxMessageBytes: maxResponseBytes });
  }
  const { base, socketPath } = server;
  const { fetch, tls } = options;
  const sender = fetch ? fetchSender(fetch) : nodeSender(base, { tls, socketPath });
  const shown = socketPath === undefined ? base : base.replace('http://localhost', socketPath);
  return new RestTransport(base, sender, options, shown);
}
