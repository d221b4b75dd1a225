import { bytesOf, CallError, errorOf, headersOf, type Answer, type Call } from './call.js';

export interface SendOptions {
  readonly signal?: AbortSignal;
  /** The part of the body that has been sent, from 0 to 1. */
  readonly onSent?: (share: number) => void;
}

/**
 * Sends a call. It uses XMLHttpRequest, because `fetch` does not report how much of a body was
 * sent.
 *
 * @throws CallError
 */
export function send(call: Call, { signal, onSent }: SendOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', call.url);
    request.responseType = 'blob';
    for (const [name, value] of Object.entries(headersOf(call))) {
      request.setRequestHeader(name, value);
    }
    if (onSent) {
      request.upload.addEventListener('progress', ({ loaded, total }) => {
        if (total > 0) onSent(loaded / total);
      });
    }
    request.addEventListener('error', () => reject(unreachable()));
    request.addEventListener('abort', () => reject(new CallError('The call was stopped.', 0)));
    request.addEventListener('load', () => {
      const blob = request.response as Blob;
      const { status } = request;
      if (status >= 200 && status < 300) {
        resolve({ contentType: request.getResponseHeader('content-type') ?? '', blob });
      } else {
        blob.text().then((text) => reject(errorOf(status, text)), reject);
      }
    });
    signal?.addEventListener('abort', () => request.abort());
    request.send(bytesOf(call.body));
  });
}

/** @throws CallError */
export async function sendForJson<T>(call: Call, options?: SendOptions): Promise<T> {
  const { blob } = await send(call, options);
  try {
    return JSON.parse(await blob.text()) as T;
  } catch {
    throw new CallError('The answer is not valid JSON.', 200);
  }
}

export function unreachable(): CallError {
  return new CallError('The server cannot be reached. Is it running?', 0);
}
