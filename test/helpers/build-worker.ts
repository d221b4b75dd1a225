import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';

/**
 * The worker's program and a model for it, as JavaScript: threads cannot be started from
 * TypeScript.
 */
export interface BuiltWorker {
  readonly script: URL;
  readonly runnable: string;
  remove(): Promise<void>;
}

/** Builds `lib/serving/runner/pool/worker.ts` and a runnable module into a temporary folder. */
export async function buildWorker(runnable: string): Promise<BuiltWorker> {
  const program = 'lib/serving/runner/pool/worker.ts';
  const { urls, remove } = await buildPrograms({ worker: program, runnable });
  return { script: urls.worker, runnable: urls.runnable.href, remove };
}

/** Builds modules of the package into a temporary folder. */
export async function buildPrograms<Name extends string>(
  modules: Readonly<Record<Name, string>>,
): Promise<{ urls: Record<Name, URL>; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'vts-worker-'));
  const root = new URL('../../', import.meta.url).pathname;
  const mapped = <Value>(make: (name: string, path: string) => Value): Record<Name, Value> => {
    const entries = Object.entries<string>(modules);
    return Object.fromEntries(entries.map(([name, path]) => [name, make(name, path)])) as Record<
      Name,
      Value
    >;
  };
  await build({
    root,
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: false,
      rollupOptions: {
        input: mapped((_name, path) => join(root, path)),
        output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
        preserveEntrySignatures: 'strict',
      },
    },
    ssr: { noExternal: true },
  });
  return {
    urls: mapped((name) => pathToFileURL(join(folder, `${name}.mjs`))),
    remove: () => rm(folder, { recursive: true }),
  };
}
