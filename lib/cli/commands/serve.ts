import 'reflect-metadata';
import { hasCode } from '../../serving/store/durable.js';
import { CommandError } from '../errors.js';
import { openStore, type StoreOptions } from '../options.js';
import { createServeApp } from '../serve/create-app.js';

export async function serve(
  tag: string,
  options: StoreOptions & {
    readonly port: number;
    readonly host: string;
    readonly workers?: number;
    readonly threads?: number;
    readonly timeout?: number;
    readonly quantize?: 'int8';
    readonly watch?: boolean;
  },
): Promise<void> {
  const { workers, threads, quantize, timeout, watch, port, host } = options;
  const app = await createServeApp(await openStore(options), tag, {
    runner: {
      ...(workers === undefined ? {} : { workers }),
      ...(threads === undefined ? {} : { threads }),
      ...(quantize === undefined ? {} : { quantize }),
    },
    timeoutMs: timeout,
    watch,
  });
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    if (!hasCode(error, 'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL')) throw error;
    throw new CommandError(
      `Cannot listen on ${host}:${port} (${(error as NodeJS.ErrnoException).code})`,
      'Choose another --port',
    );
  }
  const url = (await app.getUrl()).replace(/\[::1?\]|0\.0\.0\.0/, 'localhost');
  process.stdout.write(`Serving ${tag}: POST ${url}/predict, documentation at ${url}/docs\n`);
}
