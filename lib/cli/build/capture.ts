import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { CommandError } from '../errors.js';
import type { ResolveFacts } from './capture-resolve.js';

/** The facts that the app of a bundle reports while it is built. */
export type CaptureMessage =
  | { readonly type: 'runners'; readonly tags: readonly string[] }
  | {
      readonly type: 'document';
      readonly document: object;
      /** Why the app did not start, if it failed. */
      readonly notStarted: string | undefined;
    };

const LONGEST_START_MS = 300_000;

/**
 * Runs the app of a bundle during the build, up to the point where it would listen. The app starts
 * when `pin` has copied the models that it injects.
 *
 * @throws CommandError if the app fails before that, or never listens.
 */
export async function captureApp(
  bundle: string,
  project: string,
  ownPackage: string,
  pin: (tags: readonly string[]) => Promise<void>,
): Promise<{ document: object; notStarted: string | undefined }> {
  const facts: ResolveFacts = { bundle, project: join(project, 'package.json'), ownPackage };
  const main = join(ownPackage, 'dist/lib/cli/build/capture-main.js');
  const child = spawn(process.execPath, [main], {
    cwd: bundle,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...process.env,
      // `require` in the bundle resolves as in the project; `import` needs hooks.
      NODE_PATH: [...modulesOf(facts.project), process.env['NODE_PATH'] ?? ''].join(delimiter),
      VTS_CAPTURE: JSON.stringify(facts),
      VTS_BUNDLE_HOME: bundle,
      VTS_HOME: bundle,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_START_MS);
  try {
    return await new Promise((resolve, reject) => {
      child.on('message', (message: CaptureMessage) => {
        if (message.type === 'document') resolve(message);
        else pin(message.tags).then(() => child.send('pinned'), reject);
      });
      child.on('error', reject);
      child.on('close', (code) => reject(neverListened(code, output)));
    });
  } finally {
    clearTimeout(timer);
    // Its open handles do not matter.
    child.kill();
  }
}

function modulesOf(project: string): string[] {
  return createRequire(project).resolve.paths('package') ?? [];
}

function neverListened(code: number | null, output: string): Error {
  const lines = stripVTControlCharacters(output).trim().split('\n');
  const telling = lines.find((line) => /(?:^|\s)[A-Z]\w*(?:Error|Exception)\b.*: /.test(line));
  const reason = (telling ?? lines.at(-1) ?? '').trim();
  const how = code === 0 ? 'exited without listening' : 'cannot be started';
  return new CommandError(
    `The app ${how}${reason === '' ? '' : `: ${reason.slice(0, 500)}`}`,
    'Check that the service starts a Nest application',
  );
}
