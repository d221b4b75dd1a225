import { CommandError } from '../../errors.js';
import { pathParts, shown, type RemoteFile } from './remote-file.js';

const ACCESS = 'Give an address that needs no login, or write https://user:password@host/…';

/**
 * The file at an `http:` or `https:` address. User and password in it are sent to its own origin
 * alone; the query, which may be a signature, is neither shown nor kept.
 */
export function webFile(target: string): RemoteFile {
  if (!URL.canParse(target)) {
    throw new CommandError(
      `"${target}" is not a valid address`,
      'Write https://host/path/export.pkl',
    );
  }
  const url = new URL(target);
  const { username, password } = url;
  url.username = url.password = '';
  // GitHub shows a page for a file; the file itself is beside it.
  if (url.host === 'github.com')
    url.pathname = url.pathname.replace(/^(\/[^/]+\/[^/]+)\/blob\//, '$1/raw/');
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    key: shown(url),
    from: shown(url),
    parts: [url.hostname, ...pathParts(url)],
    request: {
      url,
      authorization:
        username === '' && password === ''
          ? undefined
          : `Basic ${Buffer.from(user, 'utf8').toString('base64')}`,
    },
    accessRemedy: ACCESS,
  };
}
