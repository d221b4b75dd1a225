import { InvalidBodyError } from '../errors/index.js';
import { parseContentType } from '../request-body.js';

/** One part of a form. */
export interface FormPart {
  readonly name: string | undefined;
  readonly filename: string | undefined;
  readonly mediaType: string | undefined;
  readonly charset: string | undefined;
  readonly bytes: Uint8Array;
}

const MOST_PARTS = 1000;
const MOST_HEADER_BYTES = 16 * 1024;

/**
 * The parts of a `multipart/form-data` body. Their boundary is what the body begins with.
 *
 * @throws InvalidBodyError for a body that is no form, is cut off, or has too many parts.
 */
export function readParts(body: Uint8Array): FormPart[] {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const firstLine = buffer.indexOf('\r\n');
  const start = buffer.subarray(0, Math.max(0, firstLine)).toString('latin1').trimEnd();
  if (!start.startsWith('--') || start.length > 72 + 4) {
    throw broken('the body does not begin with a boundary');
  }
  if (start.endsWith('--') && buffer.length <= start.length + 4) return [];
  const delimiter = Buffer.from(`\r\n${start}`, 'latin1');
  const parts: FormPart[] = [];
  let at = firstLine + 2;
  for (;;) {
    const end = buffer.indexOf(delimiter, at - 2);
    if (end < 0) throw broken('the body is cut off');
    if (parts.length === MOST_PARTS) throw broken(`the form has more than ${MOST_PARTS} parts`);
    parts.push(readPart(buffer.subarray(at, Math.max(at, end))));
    const behind = end + delimiter.length;
    if (buffer.subarray(behind, behind + 2).toString('latin1') === '--') return parts;
    const line = buffer.indexOf('\r\n', behind);
    if (line < 0) throw broken('the body is cut off');
    at = line + 2;
  }
}

function readPart(part: Buffer): FormPart {
  const bare = part.subarray(0, 2).toString('latin1') === '\r\n';
  const end = bare ? 0 : part.indexOf('\r\n\r\n');
  if (end < 0 || end > MOST_HEADER_BYTES) throw broken('a part has no end of its headers');
  const headers = new Map<string, string>();
  for (const line of part.subarray(0, end).toString('utf8').split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1));
  }
  const disposition = headers.get('content-disposition') ?? '';
  return {
    name: parameter(disposition, 'name'),
    filename: parameter(disposition, 'filename'),
    ...parseContentType(headers.get('content-type')),
    bytes: part.subarray(bare ? 2 : end + 4),
  };
}

/** A parameter of a header: quoted with escapes as browsers write them, or bare. */
function parameter(header: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, 'i').exec(header);
  if (!match) return undefined;
  const value = match[1]?.replace(/\\(.)/g, '$1') ?? match[2] ?? '';
  return value.replace(/%(22|0A|0D)/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

function broken(fact: string): InvalidBodyError {
  return new InvalidBodyError('Multipart', fact, 'send a valid multipart/form-data body');
}
