import { InvalidBodyError } from '../errors.js';
import { parameterOf, parseContentType, type RequestBody } from '../request-body.js';

/** One part of a form. */
export interface FormPart extends RequestBody {
  readonly name: string | undefined;
  readonly bytes: Uint8Array;
}

const MOST_PARTS = 1000;
const MOST_HEADER_BYTES = 16 * 1024;
/** RFC 2046 allows no more. */
const MOST_BOUNDARY_CHARACTERS = 70;

type Headers = Readonly<Record<string, readonly string[]>>;

/** @throws InvalidBodyError for a body that is not a form, is cut off, or has too many parts. */
export async function readParts(
  body: Uint8Array,
  contentType: RequestBody['contentType'],
): Promise<FormPart[]> {
  const boundary = parameterOf(contentType ?? '', 'boundary') ?? '';
  if (boundary === '' || boundary.length > MOST_BOUNDARY_CHARACTERS) {
    throw new InvalidBodyError(
      'Multipart',
      `the content type has no boundary of 1 to ${MOST_BOUNDARY_CHARACTERS} characters`,
      'send "multipart/form-data; boundary=…" with the boundary that separates the parts',
    );
  }
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!buffer.includes(`--${boundary}`)) {
    throw broken(`the body does not contain the boundary "${boundary}" of its content type`);
  }
  // Loaded with the first form. busboy itself would decode text and drop parts without a name; its
  // Dicer only splits the body.
  const { Dicer } = await import('@fastify/busboy');
  const parts: { headers?: Headers; chunks: Buffer[] }[] = [];
  await new Promise<void>((resolve, reject) => {
    const cutOff = (): void => reject(broken('the body is cut off'));
    const limits = { maxHeaderSize: 2 * MOST_HEADER_BYTES, maxHeaderPairs: MOST_HEADER_BYTES };
    const dicer = new Dicer({ boundary, ...limits }).on('error', cutOff).on('finish', resolve);
    dicer.on('part', (stream) => {
      // Thrown to stop at once, however many parts follow.
      if (parts.length === MOST_PARTS) throw broken(`the form has more than ${MOST_PARTS} parts`);
      const part: (typeof parts)[number] = { chunks: [] };
      parts.push(part);
      stream.on('header', (headers) => (part.headers = headers as Headers));
      stream.on('data', (chunk: Buffer) => part.chunks.push(chunk));
      stream.on('error', cutOff);
    });
    dicer.end(buffer);
  });
  return parts.map(({ headers, chunks }) => partOf(headers, chunks));
}

function partOf(headers: Headers | undefined, chunks: readonly Buffer[]): FormPart {
  if (headers === undefined) throw broken('the headers of a part do not end');
  if (sizeOf(headers) > MOST_HEADER_BYTES) {
    throw broken(`a part has more than ${MOST_HEADER_BYTES} bytes of headers`);
  }
  const disposition = textOf(headers['content-disposition']) ?? '';
  const contentType = textOf(headers['content-type']);
  const name = parameterOf(disposition, 'name')?.replace(/%(22|0A|0D)/gi, decodeURIComponent);
  // A part is usually one chunk, which needs no copy, unless it begins with a dash.
  const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  return { name, contentType, ...parseContentType(contentType), bytes };
}

/** Names are UTF-8, as browsers write them; the parser returns their bytes as characters. */
function textOf(values: readonly string[] | undefined): string | undefined {
  const value = values?.at(-1);
  return value === undefined ? undefined : Buffer.from(value, 'latin1').toString('utf8');
}

function sizeOf(headers: Headers): number {
  const lines = Object.entries(headers).flatMap(([name, values]) => values.map((v) => name + v));
  return lines.reduce((sum, line) => sum + line.length + ': \r\n'.length, 0);
}

function broken(fact: string): InvalidBodyError {
  return new InvalidBodyError('Multipart', fact, 'send a valid multipart/form-data body');
}
