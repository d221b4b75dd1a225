import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './options.js';
import { Package, THIS } from './package.js';

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/**
 * The package of another commit, built in a separate work tree, with this bench's programs.
 *
 * @throws UsageError for a commit that does not exist.
 */
export function buildOther(ref: string, folder: string): Package {
  let commit: string;
  try {
    commit = run(
      'git',
      ['rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`],
      THIS.root,
    );
  } catch {
    throw new UsageError(
      `--compare takes a commit, a branch or a tag of this repository, not "${ref}".`,
    );
  }
  const root = join(folder, 'other');
  console.error(`Builds ${ref} (${commit.slice(0, 7)}).`);
  run('git', ['worktree', 'add', '--detach', root, commit], THIS.root);
  const lock = (from: string): string => readFileSync(join(from, 'package-lock.json'), 'utf8');
  if (lock(root) === lock(THIS.root)) {
    symlinkSync(join(THIS.root, 'node_modules'), join(root, 'node_modules'));
  } else {
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], root);
  }
  run('npm', ['run', 'build'], root);
  cpSync(join(THIS.root, 'dist/bench'), join(root, 'dist/bench'), { recursive: true });
  return new Package(ref, root);
}

/** Removes the work tree, also if the build failed. */
export function removeOther(folder: string): void {
  try {
    run('git', ['worktree', 'remove', '--force', join(folder, 'other')], THIS.root);
  } catch {
    // The work tree does not exist.
  }
}
