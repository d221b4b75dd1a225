import { refused } from '../check-request.js';
import { HEADER_LENGTH } from '../protocol/rest-messages.js';

/** They say how a body travels. */
const OWN = new Set(['content-length', 'content-type', 'transfer-encoding', 'host', HEADER_LENGTH]);

type Given = Readonly<Record<string, string>> | undefined;

/** @param given The client's, and the call's. @throws InferenceError, which shows no value */
export function headersOf(given: readonly Given[], own: Given): Headers {
  const headers = new Headers();
  for (const [name, value] of given.flatMap((some) => Object.entries(some ?? {}))) {
    if (OWN.has(name.toLowerCase())) {
      throw refused(`The header "${name}" is the client's own; leave it out.`);
    }
    try {
      headers.set(name, value);
    } catch {
      // The reason of Headers tells the value, which may be a secret.
      throw refused(
        `The header "${name}" has a name or a value that HTTP does not carry; change it.`,
      );
    }
  }
  for (const [name, value] of Object.entries(own ?? {})) headers.set(name, value);
  return headers;
}
