import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { NotATorchFileError } from '../../../learner/torch/index.js';
import { otherFormat } from '../../../learner/torch/torch-file.js';
import { syncPath } from '../../../serving/store/durable.js';
import { CommandError } from '../../errors.js';
import { formatBytes } from '../../output/table.js';
import type { CachedFile, DownloadCache } from './download-cache.js';
import { request, UnreachableError, type HttpAnswer } from './http.js';
import type { RemoteFile } from './remote-file.js';

/** No learner is this large. */
const MAX_BYTES = 8 * 2 ** 30;
/** Enough bytes to recognize a file. */
const HEAD_BYTES = 512;

export interface DownloadTold {
  /** The received bytes, and the total if the server states it. */
  readonly onProgress: (done: number, total?: number) => void;
  /** Receives a sentence about the download. */
  readonly onNote: (text: string) => void;
}

/**
 * Fetches a file into the cache. Uses the cached file if its address always names the same content,
 * if the server says that it has not changed, or if the server cannot be reached. The cache never
 * has an incomplete file: it is written under another name, compared with the length and the digest
 * from the server, and renamed.
 *
 * @throws NotATorchFileError if a page or a pointer arrives in its place.
 * @throws CommandError if it is refused, missing, or has more than 8 GiB.
 */
export async function download(
  file: RemoteFile,
  cache: DownloadCache,
  told: DownloadTold,
): Promise<string> {
  const cached = await cache.find(file.key);
  if (cached && file.immutable) return cached.path;
  const onRedirect = (from: string, to: string): void => told.onNote(`${from} redirects to ${to}.`);
  try {
    const answer = await request(file, conditions(cached), onRedirect);
    if (cached && answer.response.status === 304) {
      answer.abort();
      return cached.path;
    }
    return await receive(file, answer, cache, told);
  } catch (error) {
    if (!cached || !(error instanceof UnreachableError)) throw error;
    told.onNote(`${error.message} The cached copy of ${cached.entry.time} is used.`);
    return cached.path;
  }
}

function conditions(cached: CachedFile | undefined): Record<string, string> {
  const { etag, lastModified } = cached?.entry ?? {};
  if (etag !== undefined) return { 'if-none-match': etag };
  return lastModified === undefined ? {} : { 'if-modified-since': lastModified };
}

async function receive(
  file: RemoteFile,
  answer: HttpAnswer,
  cache: DownloadCache,
  { onProgress }: DownloadTold,
): Promise<string> {
  const { from } = file;
  const { response } = answer;
  const part = await cache.part();
  try {
    if (!response.ok) throw refusal(file, response.status);
    const length = response.headers.get('content-length');
    const total = length === null ? undefined : Number(length);
    if (total !== undefined && total > MAX_BYTES) throw tooLarge(from, formatBytes(total));
    const hash = createHash('sha256');
    const handle = await open(part, 'wx', 0o600);
    let bytes = 0;
    let head: Buffer | undefined = Buffer.alloc(0);
    try {
      for await (const piece of answer.body()) {
        bytes += piece.length;
        if (bytes > MAX_BYTES) throw tooLarge(from, 'more');
        if (head) {
          head = Buffer.concat([head, piece.subarray(0, HEAD_BYTES)]);
          if (head.length >= HEAD_BYTES) head = checkHead(from, head);
        }
        hash.update(piece);
        await handle.writeFile(piece);
        onProgress(bytes, total);
      }
      if (head) checkHead(from, head);
    } finally {
      await handle.close();
    }
    await syncPath(part, 'file');
    const sha256 = hash.digest('hex');
    checkWhole(file, answer, bytes, total, sha256);
    const { headers } = response;
    return await cache.keep(file.key, part, {
      from,
      sha256,
      bytes,
      name: file.parts.at(-1) ?? '',
      etag: headers.get('etag') ?? undefined,
      lastModified: headers.get('last-modified') ?? undefined,
      time: new Date().toISOString(),
    });
  } finally {
    answer.abort();
    await rm(part, { force: true });
  }
}

/** @throws NotATorchFileError */
function checkHead(from: string, head: Uint8Array): undefined {
  const other = otherFormat(head);
  if (other !== undefined) throw new NotATorchFileError(from, other);
}

function checkWhole(
  { from }: RemoteFile,
  answer: HttpAnswer,
  bytes: number,
  total: number | undefined,
  sha256: string,
): void {
  if (total !== undefined && bytes !== total) {
    throw new UnreachableError(`${from} ended after ${bytes} of ${total} bytes`);
  }
  // The Hub sends the digest of each large file.
  const [, digest] = /^"?([0-9a-f]{64})"?$/.exec(answer.header('x-linked-etag') ?? '') ?? [];
  if (digest !== undefined && digest !== sha256) {
    throw new CommandError(
      `The download from ${from} is damaged: its SHA-256 is ${sha256}, but ${digest} was announced`,
      'Try again',
    );
  }
}

function tooLarge(from: string, size: string): CommandError {
  return new CommandError(
    `${from} has ${size}, but at most ${formatBytes(MAX_BYTES)} can be downloaded`,
    'Download it yourself, and give its path',
  );
}

export function refusal(
  { from, accessRemedy }: Pick<RemoteFile, 'from' | 'accessRemedy'>,
  status: number,
): CommandError {
  if (status === 401 || status === 403) {
    return new CommandError(`The server refuses ${from} (HTTP ${status})`, accessRemedy);
  }
  if (status === 404 || status === 410) {
    return new CommandError(`No file at ${from} (HTTP ${status})`, 'Check the address');
  }
  return new CommandError(`The server cannot send ${from} (HTTP ${status})`, 'Try again later');
}
