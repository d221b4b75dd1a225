import { Fault, InvalidBodyError, UnsupportedBodyError } from './errors.js';
import { parseJsonText, type ParseJsonOptions } from './json/parse-json.js';
import type { RequestBody } from './request-body.js';

/** @throws InvalidBodyError if a body parser of the application has left no bytes. */
export function bytesOf({ bytes }: RequestBody, descriptor: string): Uint8Array {
  if (bytes !== undefined) return bytes;
  throw new InvalidBodyError(
    descriptor,
    'a body parser of the application has read the body',
    'let this endpoint read its bodies itself',
  );
}

/** Decodes the text of a body with the charset of its content type, else UTF-8. @throws Fault */
export function decodeBody(
  { bytes, parsed, charset = 'utf-8' }: RequestBody,
  remedy = 'send valid text, or name its charset in the content-type header',
): string {
  if (bytes === undefined) {
    if (typeof parsed === 'string') return parsed;
    throw new Fault('another parser has read the body', 'send it as text');
  }
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch {
    throw new UnsupportedBodyError('charset', charset, 'UTF-8');
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Fault(`the body is not valid ${charset.toUpperCase()}`, remedy);
  }
}

/** Parses JSON, or returns the result of the application's body parser. @throws Fault */
export function readJson(body: RequestBody, options?: ParseJsonOptions): unknown {
  const { bytes, parsed, charset = 'utf-8' } = body;
  if (bytes === undefined) return parsed;
  if (charset !== 'utf-8' && charset !== 'utf8') {
    throw new UnsupportedBodyError('charset', charset, 'UTF-8, as JSON always is');
  }
  return parseJson(decodeBody(body, 'send JSON in UTF-8'), options);
}

/** @throws Fault with the reason. */
export function parseJson(text: string, options?: ParseJsonOptions): unknown {
  try {
    return parseJsonText(text, options);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Fault(`the body is not valid JSON (${error.message})`, 'send JSON');
  }
}
