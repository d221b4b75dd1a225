import { isNotConnected, NotSentError, type HttpSender } from './http.js';

type Fetch = typeof globalThis.fetch;

/** Sends requests with `fetch`, for browsers. */
export function fetchSender(fetch: Fetch): HttpSender {
  return {
    async send({ base, path, ends, ...init }) {
      const { signal } = ends;
      let response: Response;
      try {
        response = await fetch(base + path, { ...init, signal, redirect: 'manual' });
      } catch (error) {
        if (!signal.aborted && isNotConnected(error)) throw new NotSentError(reason(error));
        throw error;
      }
      // The type of a browser's response for a redirect that it did not follow.
      const status = response.type === 'opaqueredirect' ? 302 : response.status;
      return {
        status,
        header: (name) => response.headers.get(name) ?? '',
        body: chunks(response.body),
      };
    },
    close() {},
  };
}

/** Not every browser iterates over a stream. */
async function* chunks(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  let done = false;
  try {
    for (;;) {
      const read = await reader.read();
      ({ done } = read);
      if (read.done) return;
      yield read.value;
    }
  } finally {
    // If the stream has failed, closing it fails too, and the reader already has the first failure.
    if (!done) await reader.cancel().catch(() => undefined);
  }
}

/** `fetch failed` explains nothing; its cause does. */
function reason(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
