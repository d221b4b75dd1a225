import { lookup } from 'node:dns/promises';
import type { InferenceTransport } from '../../client/contract.js';
import type { RemoteAddress, ResolvedRemote } from '../runner/remote-options.js';
import type { Network } from './targets.js';

/** The limit on the bytes of one answer, the same as that of a server of this package. */
const MOST_BYTES = 512 * 1024 * 1024;

/** The health checks have their own delays. */
const RECONNECT = { reconnectMs: 50, maxReconnectMs: 200 };

/** The real network. */
export function systemNetwork({ tls }: ResolvedRemote): Network {
  return {
    async lookUp(host) {
      const found = await lookup(host, { all: true });
      const addresses = found.map(({ address }) => address);
      return addresses.map((address) => (address.includes(':') ? `[${address}]` : address));
    },

    async connect(address, host): Promise<InferenceTransport> {
      const url = urlOf(address, host);
      // A certificate is for the name, not for the address that the name resolves to.
      const serverName = tls?.serverName ?? (host === undefined ? undefined : address.lookUp?.host);
      const secure = address.scheme.endsWith('s')
        ? { tls: { ...tls, ...(serverName !== undefined && { serverName }) } }
        : {};
      if (address.scheme.startsWith('grpc')) {
        const { createGrpcTransport } = await import('../../client/grpc/transport.js');
        return createGrpcTransport(url, { ...secure, ...RECONNECT, maxMessageBytes: MOST_BYTES });
      }
      const [{ RestTransport }, { nodeSender }] = await Promise.all([
        import('../../client/rest/transport.js'),
        import('../../client/rest/node-sender.js'),
      ]);
      const sender = nodeSender(url, { tls: secure.tls, socketPath: address.socket });
      const limits = { timeoutMs: 0, maxResponseBytes: MOST_BYTES };
      return new RestTransport(url, sender, limits, address.url);
    },
  };
}

function urlOf({ url, scheme, lookUp, socket }: RemoteAddress, host: string | undefined): string {
  if (socket !== undefined) return scheme === 'grpc' ? `unix:${socket}` : 'http://localhost';
  if (lookUp === undefined) return url.replace(/\/+$/, '');
  return `${scheme}://${host ?? lookUp.host}:${lookUp.port}`;
}
