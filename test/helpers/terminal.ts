import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** `script` of util-linux makes a pseudo terminal; other systems have another program of that name. */
const SCRIPT = '/usr/bin/script';
export const hasTerminal = process.platform === 'linux' && existsSync(SCRIPT);

const VTS = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url));

export interface TerminalOptions {
  /** Cells of a line. @default 80 */
  readonly columns?: number;
  readonly home?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs `vts` on a terminal of its own; gives all that came to it, stdout and stderr alike. */
export async function vtsOnTerminal(
  args: readonly string[],
  { columns = 80, home, env }: TerminalOptions = {},
): Promise<{ code: number | null; output: string }> {
  const command = [process.execPath, VTS, ...args].map(quoted).join(' ');
  const child = spawn(SCRIPT, ['-qec', `stty cols ${columns} rows 40; ${command}`, '/dev/null'], {
    env: {
      PATH: process.env['PATH'],
      TERM: 'xterm-256color',
      ...(home === undefined ? {} : { VTS_HOME: home }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('latin1')));
  const [code] = (await once(child, 'close')) as [number | null];
  // Characters may be cut between two chunks.
  return { code, output: Buffer.from(output, 'latin1').toString('utf8') };
}

/** What stays on the terminal: lines that were written again are there in their last form. */
export function leftOnTerminal(output: string): string {
  return output
    .split('\r\n')
    .map((line) => line.split('\r\x1b[K').at(-1)!)
    .join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
