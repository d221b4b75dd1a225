import { spawnSync } from 'node:child_process';
import { delimiter } from 'node:path';

/**
 * Python interpreters for peers, outside of this repository: `BENCH_PYTHON`, one or several as in
 * `PATH`. The first one with a peer's packages runs it.
 */
export class Pythons {
  readonly #known = new Map<string, string | undefined>();

  constructor(private readonly paths = (process.env['BENCH_PYTHON'] ?? '').split(delimiter)) {}

  /** The interpreter for these modules, or a sentence that says why none was found. */
  find(peer: string, modules: readonly string[]): { python: string } | { missing: string } {
    const program = `import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))`;
    const key = modules.join();
    if (!this.#known.has(key)) {
      const has = (path: string): boolean =>
        path !== '' && spawnSync(path, ['-c', program, ...modules]).status === 0;
      this.#known.set(key, this.paths.find(has));
    }
    const python = this.#known.get(key);
    if (python !== undefined) return { python };
    return { missing: `${peer} needs BENCH_PYTHON, a Python with ${modules.join(', ')}.` };
  }
}
