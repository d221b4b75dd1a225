import type { Endpoint } from './endpoints.js';
import type { Hit } from './http.js';

/** What any route may answer: its client's fault, in one of the ways that HTTP knows. */
const ANYWHERE = new Set([400, 401, 403, 404, 405, 408, 413, 414, 415, 417, 431]);
/** Nothing of the service's inside: its files, its modules, its call stacks. */
const INTERNALS = [
  /node_modules/,
  /node:internal/,
  /\bfile:\/\//,
  /\n\s+at /,
  /\.(?:ts|js|mjs|cjs):\d+/,
  /onnxruntime/i,
];

/** Throws where a response is not what every response has to be. */
export function checkAnswer(hit: Hit, endpoint?: Endpoint, method = 'POST'): void {
  const { status, headers, body } = hit;
  const text = body.toString('utf8');
  const fail = (fact: string): never => {
    const shown = text.length > 300 ? `${text.slice(0, 300)}...` : text;
    throw new Error(`${fact}: ${status} ${headers['content-type']} ${shown}`);
  };
  const known = endpoint !== undefined && method === 'POST';
  if (status === 500 || status === 504 || status === 502 || status === 501) fail('a server error');
  if (known && !endpoint.statuses.has(status) && !ANYWHERE.has(status)) {
    fail(`a status that ${endpoint.path} does not document`);
  }
  if ((status === 503 || status === 429) && !/^[1-9]\d*$/.test(headers['retry-after'] ?? '')) {
    fail('no Retry-After');
  }
  if (status < 400) {
    const type = (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
    if (known && !endpoint.answers.has(type)) fail('not the media type that the document has');
    return;
  }
  const internal = INTERNALS.find((pattern) => pattern.test(text));
  if (internal) fail(`internals (${internal})`);
  if (method === 'HEAD') return;
  if (!/^application\/json(;|$)/.test(headers['content-type'] ?? ''))
    fail('an error that is no JSON');
  const error = asJson(text) as Record<string, unknown> | undefined;
  if (typeof error !== 'object' || error === null) return fail('an error of another shape');
  const keys = Object.keys(error).sort().join();
  if (keys !== 'error,message,statusCode') fail('an error of another shape');
  if (error['statusCode'] !== status) fail('an error with another status in its body');
  if (typeof error['error'] !== 'string' || error['error'] === '') fail('an error without a name');
  const messages = [error['message']].flat();
  if (messages.length === 0 || messages.some((each) => typeof each !== 'string' || each === '')) {
    fail('an error without a message');
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
