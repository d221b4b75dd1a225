import { UnsupportedBodyError } from '../errors.js';
import { parseJsonText } from '../json/parse-json.js';
import type { RequestBody } from '../request-body.js';
import { FrameFault } from './raw-frame.js';

/**
 * The text of a body, in the charset of its content type; UTF-8 where that names none.
 *
 * @throws FrameFault
 */
export function decodeBody({ bytes, parsed, charset = 'utf-8' }: RequestBody): string {
  if (bytes === undefined) {
    if (typeof parsed === 'string') return parsed;
    throw new FrameFault('the body has been read by another parser', 'send it as text');
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
    throw new FrameFault(
      `the body is not valid ${charset.toUpperCase()}`,
      'send valid text, or name its charset in the content-type header',
    );
  }
}

/**
 * The body as JSON; also what a body parser has made of it. With `wide`, integers that a double
 * cannot hold come as bigints.
 *
 * @throws FrameFault
 */
export function parseJsonBody(body: RequestBody, wide: boolean): unknown {
  if (body.bytes === undefined && typeof body.parsed !== 'string') return body.parsed;
  try {
    return parseJsonText(decodeBody(body), { wide });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FrameFault(`the body is not valid JSON (${error.message})`, 'send JSON');
  }
}
