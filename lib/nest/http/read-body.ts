import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Transform } from 'node:stream';
import { BodyTooLargeError, UnreadableBodyError, UnsupportedBodyError } from '../io/errors.js';
import { SlowBodyError } from './errors.js';
import type { HttpRequest } from './platform.js';

export interface BodyLimits {
  readonly maxBytes: number;
  /** The milliseconds within which it must arrive; 0 for no limit. */
  readonly timeoutMs: number;
}

/** Called once. */
export type BodyListener = (error: Error | undefined, bytes?: Uint8Array) => void;

/**
 * Reads the bytes of a request whose stream nobody has read, decompressed.
 *
 * After a failure, the rest of the body is discarded as it arrives, so that the connection stays
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
  const onClose = (): void => finish(new UnreadableBodyError('the client disconnected'));
  const timer =
    timeoutMs > 0 ? setTimeout(() => finish(new SlowBodyError(timeoutMs)), timeoutMs) : undefined;
  stream.on('data', onData).once('end', onEnd).once('close', onClose);
  // Stays attached: a stream that fails later must not end the process.
  stream.on('error', (error: Error) => finish(new UnreadableBodyError(error.message)));
}

/** Pipes the request through the decoder; returns a function that disconnects them. */
function decodeBy(request: HttpRequest, decoder: Transform): () => void {
  const onError = (error: Error): void => void decoder.destroy(error);
  const onAborted = (): void => onError(new Error('the client disconnected'));
  request.once('error', onError).once('aborted', onAborted).pipe(decoder);
  return () => {
    // The compressed data may end before the body does: the client can still disconnect, and the
    // rest may still arrive.
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
