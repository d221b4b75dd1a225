import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a program prints as JSON: an ES module that is run in a folder. */
export async function run<T>(
  cwd: string,
  program: string,
  options: readonly string[] = [],
): Promise<T> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...options, '--input-type=module', '-e', program],
    { cwd },
  );
  return JSON.parse(stdout) as T;
}

/** Each script that the process compiles, imported or required, is known to its debugger. */
export const LISTS_SCRIPTS = `
  const { Session } = await import('node:inspector');
  const debug = new Session();
  const scripts = new Set();
  debug.connect();
  debug.on('Debugger.scriptParsed', ({ params }) => scripts.add(params.url));
  debug.post('Debugger.enable');
`;
