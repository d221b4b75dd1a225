import { shortened } from '../learner/errors/index.js';
import { InferenceClientOptionError } from './options.js';

/** The address of a server, and the protocol to use. */
export type ServerUrl =
  | {
      readonly protocol: 'rest';
      /** Without a trailing slash. */
      readonly base: string;
      /** Node alone. */
      readonly socketPath?: string;
    }
  | { readonly protocol: 'grpc'; readonly target: string };

const FORMS =
  'http://host:8000, https://host/prefix, http+unix:/run/vts.sock, grpc://host:8001, grpcs://host:8001, dns:///host:8001 or unix:/run/vts.sock';

const GRPC = /^(?:grpcs?|dns|unix|unix-abstract|ipv4|ipv6):/i;

/** @throws InferenceClientOptionError */
export function parseServerUrl(given: string | URL): ServerUrl {
  const text = String(given).trim();
  if (GRPC.test(text)) return { protocol: 'grpc', target: text };
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong(text, 'is not a URL');
  }
  // Checked before anything shows the URL.
  if (url.username !== '' || url.password !== '') {
    throw new InferenceClientOptionError(
      `The URL of the server at ${url.host} has a user or a password; give them in headers: { authorization }.`,
    );
  }
  if (url.search !== '' || url.hash !== '') throw wrong(text, 'has a query or a fragment');
  const prefix = url.pathname.replace(/\/+$/, '');
  if (url.protocol === 'http:' || url.protocol === 'https:') {
    return { protocol: 'rest', base: url.origin + prefix };
  }
  if (url.protocol === 'http+unix:') {
    const [socket, behind] = url.hostname === '' ? [prefix, ''] : [url.hostname, prefix];
    const socketPath = decodedPath(socket);
    if (socketPath === '') throw wrong(text, 'does not name a socket');
    return { protocol: 'rest', base: `http://localhost${behind}`, socketPath };
  }
  throw wrong(text, 'has an unsupported scheme');
}

function decodedPath(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return '';
  }
}

function wrong(text: string, fact: string): InferenceClientOptionError {
  return new InferenceClientOptionError(
    `"${shortened(text)}" ${fact}; give a URL such as ${FORMS}.`,
  );
}
