import { refused } from '../check-request.js';
import { HEADER_LENGTH } from '../protocol/rest-messages.js';

/** The headers that describe how a body is sent. */
const OWN = new Set(['content-length', 'content-type', 'transfer-encoding', 'host', HEADER_LENGTH]);

type Given = Readonly<Record<string, string>> | undefined;

/**
 * @param given The headers of the client and of the call. @throws InferenceError, which does not
 * show values
 */
export function headersOf(given: readonly Given[], own: Given): Headers {
  const headers = new Headers();
  for (const [name, value] of given.flatMap((some) => Object.entries(some ?? {}))) {
    if (OWN.has(name.toLowerCase())) {
      throw refused(`The header "${name}" is set by the client itself; leave it out.`);
    }
    try {
      headers.set(name, value);
    } catch {
      // The error of Headers contains the value, which may be a secret.
      throw refused(
        `The header "${name}" has a name or a value that HTTP does not allow; change it.`,
      );
    }
  }
  for (const [name, value] of Object.entries(own ?? {})) headers.set(name, value);
  return headers;
}
