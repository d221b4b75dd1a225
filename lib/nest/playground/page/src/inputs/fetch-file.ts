import { urlOf } from '../calls/call.js';
import { authorization } from '../state/credentials.js';
import { bytes } from '../ui/format.js';

/** The largest file that is fetched from a URL. */
const LARGEST = 50_000_000;

/** A picture of this site by its URL. @throws Error with a sentence for the user */
export async function fetchPicture(url: string, name?: string): Promise<File> {
  const target = urlOf(url);
  const blob = await fetchBlob(target);
  if (!blob.type.startsWith('image/')) throw new Error(`${target.pathname} is not an image.`);
  const last = target.pathname.split('/').pop() ?? '';
  return new File([blob], name ?? last, { type: blob.type });
}

/** A text that is a sample. @throws Error with a sentence for the user */
export async function fetchSampleText(url: string): Promise<string> {
  return (await fetchBlob(urlOf(url))).text();
}

async function fetchBlob(url: URL): Promise<Blob> {
  const response = await fetch(url, { headers: authorization() });
  if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}.`);
  const length = Number(response.headers.get('content-length') ?? 0);
  if (length > LARGEST) throw tooLarge(length);
  const blob = await response.blob();
  if (blob.size > LARGEST) throw tooLarge(blob.size);
  return blob;
}

function tooLarge(size: number): Error {
  return new Error(`The file has ${bytes(size)}; ${bytes(LARGEST)} is the limit.`);
}
