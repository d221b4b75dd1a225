import 'reflect-metadata';
import { createServeApp } from '../serve/create-app.js';
import { CommandError } from '../errors/cli.error.js';
import { openStore, type StoreOptions } from '../store-option.js';

export interface ServeOptions extends StoreOptions {
  readonly port: number;
  readonly host: string;
  readonly workers?: number;
  readonly threads?: number;
  readonly timeout?: number;
  readonly watch?: boolean;
}

/** `vts serve`. Ends with the process. */
export async function serve(tag: string, options: ServeOptions): Promise<void> {
  const { workers, threads, timeout, watch = false, port, host } = options;
  const app = await createServeApp(await openStore(options), tag, {
    runner: {
      ...(workers === undefined ? {} : { workers }),
      ...(threads === undefined ? {} : { threads }),
    },
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    watch,
  });
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw error;
    throw new CommandError(
      `${host}:${port} cannot be listened at (${code})`,
      'Choose another --port',
    );
  }
  const url = (await app.getUrl()).replace(/\[::1?\]|0\.0\.0\.0/, 'localhost');
  process.stdout.write(`Serving ${tag}: POST ${url}/predict, documentation at ${url}/docs\n`);
}
