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
  const folder = await mkdtemp(join(tmpdir(), 'vts-worker-'));
  const root = new URL('../../', import.meta.url).pathname;
  await build({
    root,
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: false,
      rollupOptions: {
        input: {
          worker: join(root, 'lib/serving/runner/pool/worker.ts'),
          runnable: join(root, runnable),
        },
        output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
        preserveEntrySignatures: 'strict',
      },
    },
    ssr: { noExternal: true },
  });
  return {
    script: pathToFileURL(join(folder, 'worker.mjs')),
    runnable: pathToFileURL(join(folder, 'runnable.mjs')).href,
    remove: () => rm(folder, { recursive: true }),
  };
}
