import { open } from 'node:fs/promises';
import { shownS3, type S3Address } from './address.js';
import { ObjectNotFoundError, S3AnswerError } from './errors.js';
import { etagOf } from './list.js';
import { headObject } from './read.js';
import { failureOf, header, retrying, sendForHeaders, sendForText, sendOnce } from './request.js';
import { readXml } from './xml.js';

/** Smaller files are sent at once. */
const PART_BYTES = 16 * 1024 * 1024;
/** The limit of S3. */
const MOST_PARTS = 10_000;
const PARTS_AT_ONCE = 4;
const MOST_ANSWER_BYTES = 64 * 1024;

/** Remembers an incomplete upload, so that a later process can abort it. */
export interface UploadNote {
  read(): Promise<string | undefined>;
  write(id: string | undefined): Promise<void>;
}

/** Writes bytes as an object. */
export async function putObject(address: S3Address, body: Uint8Array): Promise<void> {
  await sendForHeaders({ method: 'PUT', ...address, body });
}

/**
 * Writes a file as an object in one step, so that readers see the whole old or the whole new
 * object. A large file is sent in parts, which are removed if it fails.
 */
export async function putFile(address: S3Address, path: string, note: UploadNote): Promise<void> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const bytes = Math.max(PART_BYTES, Math.ceil(size / MOST_PARTS));
    const part = async (number: number): Promise<Uint8Array> => {
      const start = number * bytes;
      const body = new Uint8Array(Math.min(bytes, size - start));
      for (let at = 0; at < body.length;) {
        const { bytesRead } = await file.read(body, at, body.length - at, start + at);
        if (bytesRead === 0) throw new RangeError(`The file ${path} became shorter.`);
        at += bytesRead;
      }
      return body;
    };
    if (size <= bytes) return await putObject(address, await part(0));
    await putParts(address, Math.ceil(size / bytes), part, size, note);
  } finally {
    await file.close();
  }
}

async function putParts(
  address: S3Address,
  count: number,
  part: (number: number) => Promise<Uint8Array>,
  size: number,
  note: UploadNote,
): Promise<void> {
  const earlier = await note.read();
  if (earlier !== undefined) await abortUpload(address, earlier);
  const uploadId = await beginUpload(address);
  await note.write(uploadId);
  try {
    const etags: string[] = [];
    let next = 0;
    const sender = async (): Promise<void> => {
      while (next < count) {
        const number = next++;
        const body = await part(number);
        const query = { partNumber: String(number + 1), uploadId };
        const headers = await sendForHeaders({ method: 'PUT', ...address, query, body });
        const etag = etagOf(header(headers, 'etag') ?? '');
        if (etag === undefined) throw new S3AnswerError(shownS3(address), 'a part has no ETag');
        etags[number] = etag;
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARTS_AT_ONCE, count) }, sender));
    await completeUpload(address, uploadId, etags, size);
  } catch (error) {
    await abortUpload(address, uploadId).catch(() => undefined);
    throw error;
  } finally {
    await note.write(undefined);
  }
}

async function beginUpload(address: S3Address): Promise<string> {
  const query = { uploads: '' };
  const xml = await sendForText({ method: 'POST', ...address, query }, MOST_ANSWER_BYTES);
  const id = texts(address, xml).get('InitiateMultipartUploadResult/UploadId') ?? '';
  if (/^[!-~]{1,1024}$/.test(id)) return id;
  throw new S3AnswerError(shownS3(address), 'an upload has no id');
}

async function completeUpload(
  address: S3Address,
  uploadId: string,
  etags: readonly string[],
  size: number,
): Promise<void> {
  const parts = etags.map(
    (etag, at) =>
      `<Part><PartNumber>${at + 1}</PartNumber><ETag>"${etag.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}"</ETag></Part>`,
  );
  const xml = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
  const request = {
    method: 'POST',
    ...address,
    query: { uploadId },
    headers: { 'content-type': 'application/xml' },
    body: Buffer.from(xml),
  } as const;
  let attempts = 0;
  await retrying(async () => {
    attempts++;
    try {
      // S3 sends the status at once and works on for a while. The body may still be an error.
      const answer = texts(address, await sendOnce(request, MOST_ANSWER_BYTES));
      const code = answer.get('Error/Code');
      if (code !== undefined) throw failureOf(request, 200, code);
      if (!answer.has('CompleteMultipartUploadResult')) {
        throw new S3AnswerError(shownS3(address), 'an upload is not complete');
      }
    } catch (error) {
      // The previous attempt completed it, but its answer was lost.
      const isThere = attempts > 1 && error instanceof ObjectNotFoundError;
      if (!isThere || !(await isUploaded(address, etags.length, size))) throw error;
    }
  });
}

async function isUploaded(address: S3Address, parts: number, size: number): Promise<boolean> {
  const found = await headObject(address);
  return found.size === size && found.etag.endsWith(`-${parts}`);
}

async function abortUpload(address: S3Address, uploadId: string): Promise<void> {
  try {
    await sendForHeaders({ method: 'DELETE', ...address, query: { uploadId } });
  } catch (error) {
    if (!(error instanceof ObjectNotFoundError)) throw error;
  }
}

function texts(address: S3Address, xml: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  try {
    readXml(xml, (path, text) => found.set(path, text));
  } catch (error) {
    throw new S3AnswerError(shownS3(address), (error as Error).message);
  }
  return found;
}
