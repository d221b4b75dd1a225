import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The built command line. */
const VTS = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url));

export interface VtsResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface VtsOptions {
  readonly home?: string;
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The command line of another copy of the package. */
  readonly main?: string;
  /** Options of Node. */
  readonly node?: readonly string[];
}

/** Starts `vts`. */
export function startVts(args: readonly string[], options: VtsOptions = {}): ChildProcess {
  const { home, cwd, env, main = VTS, node = [] } = options;
  return spawn(process.execPath, [...node, main, ...args], {
    cwd,
    env: { ...process.env, ...(home === undefined ? {} : { VTS_HOME: home }), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs `vts` to its end. */
export async function vts(args: readonly string[], options: VtsOptions = {}): Promise<VtsResult> {
  const child = startVts(args, options);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin?.end(options.input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
