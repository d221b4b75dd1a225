import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Transform } from 'node:stream';
import { BodyTooLargeError, UnreadableBodyError, UnsupportedBodyError } from '../io/errors.js';
import { SlowBodyError } from './errors.js';
import type { HttpRequest } from './platform.js';

export interface BodyLimits {
  readonly maxBytes: number;
  /** Milliseconds until it has to be there; 0 for no limit. */
  readonly timeoutMs: number;
}

/** Is called once. */
export type BodyListener = (error: Error | undefined, bytes?: Uint8Array) => void;

/**
 * Reads the bytes of a request whose stream nobody has read, decompressed.
 *
 * After a failure the rest of the body is discarded as it comes, so that the connection stays
 * usable. Failures are BodyTooLargeError, UnsupportedBodyError, UnreadableBodyError and
 * SlowBodyError.
 */
export function readBody(
  request: HttpRequest,
  { maxBytes, timeoutMs }: BodyLimits,
  done: BodyListener,
): void {
  let decoder: Transform | undefined;
  try {
    decoder = decoderOf(request.headers['content-encoding']);
  } catch (error) {
    discard(request);
    return done(error as Error);
  }
  if (decoder === undefined && Number(request.headers['content-length']) > maxBytes) {
    discard(request);
    return done(new BodyTooLargeError(maxBytes));
  }
  const stream = decoder ?? request;
  const chunks: Buffer[] = [];
  let length = 0;
  let finished = false;
  const leave = decoder && decodeBy(request, decoder);
  const finish = (error?: Error): void => {
    if (finished) return;
    finished = true;
    clearTimeout(timer);
    stream.off('data', onData).off('end', onEnd).off('close', onClose);
    leave?.();
    if (error !== undefined) discard(request);
    done(error, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  };
  const onData = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > maxBytes) finish(new BodyTooLargeError(maxBytes));
    else chunks.push(chunk);
  };
  const onEnd = (): void => finish();
  const onClose = (): void => finish(new UnreadableBodyError('the client left'));
  const timer =
    timeoutMs > 0 ? setTimeout(() => finish(new SlowBodyError(timeoutMs)), timeoutMs) : undefined;
  stream.on('data', onData).once('end', onEnd).once('close', onClose);
  // Stays on to the end: a stream that fails after this must not end the process.
  stream.on('error', (error: Error) => finish(new UnreadableBodyError(error.message)));
}

/** Sends the request through the decoder; returns what takes them apart again. */
function decodeBy(request: HttpRequest, decoder: Transform): () => void {
  const onError = (error: Error): void => void decoder.destroy(error);
  const onAborted = (): void => onError(new Error('the client left'));
  request.once('error', onError).once('aborted', onAborted).pipe(decoder);
  return () => {
    // What was compressed may end before the body does: the client can still leave, and the rest
    // may still come.
    request.off('error', onError).off('aborted', onAborted).unpipe(decoder);
    request.resume();
    decoder.destroy();
  };
}

function discard(request: HttpRequest): void {
  request.unpipe();
  request.resume();
}

function decoderOf(header: string | undefined): Transform | undefined {
  const encoding = header?.trim().toLowerCase() ?? 'identity';
  switch (encoding) {
    case 'identity':
    case '':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw new UnsupportedBodyError('content encoding', encoding, 'gzip, deflate, br or identity');
  }
}
