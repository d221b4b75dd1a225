import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Readable, Transform } from 'node:stream';
import {
  BodyTooLargeError,
  UnreadableBodyError,
  UnsupportedBodyError,
} from '../io/errors/index.js';
import type { HttpRequest } from './platform.js';

/**
 * Reads the bytes of a request whose stream nobody has read, decompressed.
 *
 * After a failure the rest of the body is discarded as it comes, so that the connection stays
 * usable.
 *
 * @throws BodyTooLargeError, UnsupportedBodyError, UnreadableBodyError
 */
export async function readStream(request: HttpRequest, maxBytes: number): Promise<Uint8Array> {
  try {
    const decoder = decoderOf(request.headers['content-encoding']);
    if (decoder === undefined) {
      if (Number(request.headers['content-length']) > maxBytes) {
        throw new BodyTooLargeError(maxBytes);
      }
      return await collect(request, maxBytes);
    }
    return await decode(request, decoder, maxBytes);
  } catch (error) {
    request.unpipe();
    request.resume();
    throw error;
  }
}

async function decode(
  request: HttpRequest,
  decoder: Transform,
  maxBytes: number,
): Promise<Uint8Array> {
  const onError = (error: Error): void => void decoder.destroy(error);
  const onAborted = (): void => onError(new Error('the client left'));
  request.once('error', onError).once('aborted', onAborted).pipe(decoder);
  try {
    return await collect(decoder, maxBytes);
  } finally {
    // What was compressed may end before the body does: the client can still leave, and the rest
    // may still come.
    request.off('error', onError).off('aborted', onAborted).unpipe(decoder);
    request.resume();
    decoder.destroy();
  }
}

function collect(stream: Readable, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (error?: Error): void => {
      stream.off('data', onData).off('end', onEnd).off('close', onClose);
      if (error === undefined) {
        resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length));
      } else reject(error);
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > maxBytes) finish(new BodyTooLargeError(maxBytes));
      else chunks.push(chunk);
    };
    const onEnd = (): void => finish();
    const onError = (error: Error): void => finish(new UnreadableBodyError(error.message));
    const onClose = (): void => finish(new UnreadableBodyError('the client left'));
    stream.on('data', onData).once('end', onEnd).once('close', onClose);
    // Stays on to the end: a stream that fails after this must not end the process.
    stream.on('error', onError);
  });
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
