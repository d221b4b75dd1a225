import { refused } from '../check-request.js';
import { HEADER_LENGTH } from '../protocol/rest-messages.js';

/** The headers that describe how a body is sent. */
const OWN = new Set(['content-length', 'content-type', 'transfer-encoding', 'host', HEADER_LENGTH]);

/** A token, and a value without control characters, as in RFC 9110. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

type Given = Readonly<Record<string, string>> | undefined;

/**
 * The headers of a request by lower-case name. Later ones replace earlier ones.
 *
 * @param all The headers of the client and of the call.
 * @throws InferenceError, which does not show values
 */
export function headersOf(all: readonly Given[], own: Given): Record<string, string> {
  const headers = Object.create(null) as Record<string, string>;
  for (const some of all) {
    for (const [name, given] of Object.entries(some ?? {})) {
      const key = name.toLowerCase();
      if (OWN.has(key)) {
        throw refused(`The header "${name}" is set by the client itself; leave it out.`);
      }
      const value = String(given);
      if (!NAME.test(name) || !VALUE.test(value)) {
        // The value may be a secret.
        throw refused(
          `The header "${name}" has a name or a value that HTTP does not allow; change it.`,
        );
      }
      headers[key] = value.trim();
    }
  }
  return Object.assign(headers, own);
}
