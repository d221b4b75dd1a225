import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program, type Launch } from './program.js';

/**
 * A built package with the bench's programs in its `dist/bench`, where they import it by name. It
 * is this package, or that of another commit.
 */
export class Package {
  constructor(
    readonly name: string,
    readonly root: string,
  ) {}

  /** A file of the built bench, run by Node. */
  launch(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Launch {
    return this.launchFile(`dist/bench/${file}`, args, env);
  }

  /** A file of the package, such as a built sample. */
  launchFile(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Launch {
    return {
      command: process.execPath,
      args: [join(this.root, file), ...args],
      cwd: this.root,
      env,
    };
  }

  program(file: string, args?: readonly string[]): Program {
    return new Program(this.launch(file, args));
  }

  path(file: string): string {
    return join(this.root, file);
  }
}

export const THIS = new Package('nestjs-vts', fileURLToPath(new URL('../..', import.meta.url)));
