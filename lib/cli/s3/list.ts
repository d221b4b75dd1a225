import { CommandError } from '../errors.js';
import { shownS3, type S3Address } from './address.js';
import { S3AnswerError } from './errors.js';
import { sendForText } from './request.js';
import { readXml } from './xml.js';

/** An object as S3 lists it. */
export interface S3Object {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
}

/** A page has at most 1,000 keys of at most 1,024 bytes each. URL encoding triples them. */
const MOST_PAGE_BYTES = 8 * 1024 * 1024;
const MOST_PAGE_KEYS = 1000;
const MOST_TOKEN = 4096;

/**
 * The objects whose keys begin with a prefix, in pages of ListObjectsV2.
 *
 * @param wanted Selects keys.
 * @param most The limit on objects, selected or not.
 * @throws CommandError, S3AnswerError for an answer that does not end or is not a list.
 */
export async function listObjects(
  prefix: S3Address,
  wanted: (key: string) => boolean,
  most: number,
): Promise<S3Object[]> {
  const { bucket } = prefix;
  const found: S3Object[] = [];
  let last = '';
  let token: string | undefined;
  // A page may have fewer keys than the maximum.
  const mostPages = 10 + 2 * Math.ceil(most / MOST_PAGE_KEYS);
  for (let [page, keys] = [0, 0]; ; page++) {
    const xml = await sendForText(
      {
        method: 'GET',
        bucket,
        key: '',
        query: {
          'list-type': '2',
          'encoding-type': 'url',
          ...(prefix.key === '' ? {} : { prefix: prefix.key }),
          ...(token === undefined ? {} : { 'continuation-token': token }),
        },
      },
      MOST_PAGE_BYTES,
    );
    const read = readPage(xml, prefix);
    for (const object of read.objects) {
      // Lists are in UTF-8 order. A list that does not advance would never end.
      if (keys > 0 && Buffer.compare(Buffer.from(object.key), Buffer.from(last)) <= 0) {
        throw new S3AnswerError(shownS3(prefix), 'its list is not in order');
      }
      last = object.key;
      keys++;
      if (wanted(object.key)) found.push(object);
    }
    if (keys > most) {
      throw new CommandError(
        `More than ${most} objects are below ${shownS3(prefix)}`,
        'Give fewer at a time',
      );
    }
    if (read.next === undefined) return found;
    if (page >= mostPages) throw new S3AnswerError(shownS3(prefix), 'its list does not end');
    token = read.next;
  }
}

interface Page {
  readonly objects: readonly S3Object[];
  readonly next: string | undefined;
}

function readPage(xml: string, prefix: S3Address): Page {
  const objects: S3Object[] = [];
  const encoded: { Key?: string; Size?: string; ETag?: string }[] = [];
  let current: (typeof encoded)[number] = {};
  let [isUrl, isTruncated, isList] = [false, false, false];
  let next: string | undefined;
  const wrong = (reason: string): never => {
    throw new S3AnswerError(shownS3(prefix), reason);
  };
  try {
    readXml(xml, (path, text) => {
      if (path === 'ListBucketResult') isList = true;
      else if (path === 'ListBucketResult/Contents') {
        encoded.push(current);
        current = {};
      } else if (path === 'ListBucketResult/Contents/Key') current.Key = text;
      else if (path === 'ListBucketResult/Contents/Size') current.Size = text;
      else if (path === 'ListBucketResult/Contents/ETag') current.ETag = text;
      else if (path === 'ListBucketResult/EncodingType') isUrl = text === 'url';
      else if (path === 'ListBucketResult/IsTruncated') isTruncated = text === 'true';
      else if (path === 'ListBucketResult/NextContinuationToken') next = text;
    });
  } catch (error) {
    wrong((error as Error).message);
  }
  if (!isList) wrong('it does not list objects');
  if (encoded.length > MOST_PAGE_KEYS) wrong(`a page has ${encoded.length} objects`);
  if (isTruncated && (next === undefined || next === '' || next.length > MOST_TOKEN)) {
    wrong('its list continues without a token');
  }
  for (const { Key = '', Size = '', ETag = '' } of encoded) {
    let key = Key;
    try {
      // Decodes form encoding, in which a space is "+".
      if (isUrl) key = decodeURIComponent(Key.replaceAll('+', ' '));
    } catch {
      wrong('a key is not URL-encoded');
    }
    const size = /^\d{1,16}$/.test(Size) ? Number(Size) : NaN;
    if (key === '' || !key.startsWith(prefix.key))
      wrong('it has a key outside the requested prefix');
    if (!Number.isSafeInteger(size)) wrong('an object has no size');
    objects.push({ key, size, etag: etagOf(ETag) ?? wrong('an object has no ETag') });
  }
  return { objects, next: isTruncated ? next : undefined };
}

/** An ETag without quotation marks; undefined if it is not valid. */
export function etagOf(text: string): string | undefined {
  return /^"?([!#-~]{1,200})"?$/.exec(text)?.[1];
}
