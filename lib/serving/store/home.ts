import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * The default store: the folder named by the environment variable `VTS_HOME`, else `~/vtsserving`.
 * Read at every call.
 *
 * @publicApi
 */
export function defaultHome(): string {
  const named = process.env['VTS_HOME'];
  return named ? resolveHome(named) : join(homedir(), 'vtsserving');
}

/**
 * An absolute path. A leading `~` is the user's home, because no shell expands configuration
 * values.
 */
export function resolveHome(home: string): string {
  return resolve(home.replace(/^~(?=$|[\\/])/, () => homedir()));
}
