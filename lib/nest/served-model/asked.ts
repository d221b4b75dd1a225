import type { IncomingMessage } from 'node:http';
import type { Asked } from './served-endpoint.js';

/** The parts of a request besides its body. */
export function askedBy({ headers, url = '' }: IncomingMessage): Asked {
  const at = url.indexOf('?');
  return { accept: headers.accept, query: new URLSearchParams(at < 0 ? '' : url.slice(at)) };
}
