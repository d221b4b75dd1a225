import { addressOf, shownS3, type S3Address } from './address.js';
import {
  BucketNotFoundError,
  ObjectChangedError,
  ObjectNotFoundError,
  S3AnswerError,
  S3UnavailableError,
} from './errors.js';
import { etagOf, type S3Object } from './list.js';
import { backOff, header, isHopeless, send, sendForHeaders, type S3Answer } from './request.js';

/** A failure after this much progress starts a new count. */
const PROGRESS_BYTES = 1024 * 1024;

/** The object to read, with its size and ETag if they are known. */
export interface KnownObject {
  readonly path: string;
  readonly size?: number | undefined;
  /** Undefined if any content is acceptable. */
  readonly etag?: string | undefined;
}

/** Size and ETag of an object. @throws ObjectNotFoundError, BucketNotFoundError, … */
export async function headObject(address: S3Address): Promise<S3Object> {
  const headers = await sendForHeaders({ method: 'HEAD', ...address }).catch(
    async (error: unknown) => {
      // An answer without a body does not show whether the bucket exists.
      if (error instanceof ObjectNotFoundError) await headBucket(address);
      throw error;
    },
  );
  const size = Number(header(headers, 'content-length') ?? NaN);
  const etag = etagOf(header(headers, 'etag') ?? '');
  if (!Number.isSafeInteger(size) || etag === undefined) {
    throw new S3AnswerError(shownS3(address), 'it has no size or no ETag');
  }
  return { key: address.key, size, etag };
}

async function headBucket({ bucket }: S3Address): Promise<void> {
  await sendForHeaders({ method: 'HEAD', bucket, key: '' }).catch((error: unknown) => {
    if (error instanceof BucketNotFoundError) throw error;
  });
}

/**
 * The bytes of an object from `start` up to, but not including, `end`. If a connection breaks, it
 * continues from there.
 *
 * @throws ObjectChangedError if it is not the known object, or changed after the first answer.
 */
export async function* readObject(
  { path, size, etag }: KnownObject,
  start = 0,
  end = Infinity,
): AsyncGenerator<Uint8Array> {
  const address = addressOf(path);
  let at = start;
  let until = Math.min(end, size ?? Infinity);
  let known = etag;
  for (let [failures, since] = [0, 0]; at < until;) {
    try {
      const answer = await send({
        method: 'GET',
        ...address,
        headers: conditions(at, until, known),
      });
      const place = placeOf(answer, address, at, until);
      if (known !== undefined && place.etag !== known) {
        answer.abort();
        throw new ObjectChangedError(path);
      }
      known = place.etag;
      until = place.end;
      for await (const piece of answer.pieces()) {
        if (piece.length > until - at)
          throw new S3AnswerError(path, 'it sends more bytes than it announced');
        at += piece.length;
        since += piece.length;
        if (since >= PROGRESS_BYTES) [failures, since] = [0, 0];
        yield piece;
      }
      if (at < until) throw new S3UnavailableError(path, `the connection ended at byte ${at}`);
    } catch (error) {
      if (!(error instanceof S3UnavailableError) || isHopeless(++failures)) throw error;
      await backOff(failures);
    }
  }
}

/** The same as one array. @throws RangeError for more bytes than `most` */
export async function readBytes(
  object: KnownObject,
  start = 0,
  end = Infinity,
  most = Infinity,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of readObject(object, start, end)) {
    bytes += piece.length;
    if (bytes > most) throw new RangeError(`more than ${most} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function conditions(at: number, until: number, etag: string | undefined): Record<string, string> {
  const range = Number.isFinite(until) ? `bytes=${at}-${until - 1}` : `bytes=${at}-`;
  return {
    // A whole object is requested without a range, because an empty object has none.
    ...(at > 0 || Number.isFinite(until) ? { range } : {}),
    ...(etag === undefined ? {} : { 'if-match': `"${etag}"` }),
  };
}

/** Where an answer ends within the object, and which version of its content it has. */
function placeOf(
  { status, headers, abort }: S3Answer,
  address: S3Address,
  at: number,
  until: number,
): { end: number; etag: string } {
  const length = Number(header(headers, 'content-length') ?? NaN);
  const from =
    status === 206 ? /^bytes (\d+)-/.exec(header(headers, 'content-range') ?? '')?.[1] : '0';
  const etag = etagOf(header(headers, 'etag') ?? '');
  const end = at + length;
  if (Number(from) === at && etag !== undefined && (end === until || until === Infinity))
    return { end, etag };
  abort();
  throw new S3AnswerError(shownS3(address), 'it is not the requested part');
}
