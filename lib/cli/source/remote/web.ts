import { CommandError } from '../../errors.js';
import { pathParts, shown, type RemoteFile } from './remote-file.js';

const ACCESS = 'Give an address that does not need a login, or write https://user:password@host/…';

/**
 * The file at an `http:` or `https:` address. The user and password in it are sent only to its own
 * origin. The query, which may be a signature, is neither shown nor stored.
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
  // GitHub shows a page for a file. The file itself has another address.
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
