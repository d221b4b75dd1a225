import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const APP = fileURLToPath(new URL('../fixtures/nest/models-app.mjs', import.meta.url));

/** An application that runs models for others. */
export interface ModelsApp {
  readonly child: ChildProcess;
  /** SIGTERM, and until it has ended. */
  stop(): Promise<void>;
}

export interface ModelsAppSetup {
  readonly home: string;
  readonly models: readonly string[];
  /** A port, or the path of a Unix socket. */
  readonly http?: number | string;
  readonly grpc?: number | string;
  /** Further options of the module. */
  readonly options?: object;
}

export async function startModels(setup: ModelsAppSetup): Promise<ModelsApp> {
  const { home, models, http = 0, grpc = 0, options = {} } = setup;
  const where =
    typeof grpc === 'string'
      ? { port: 0, host: `unix:${grpc}` }
      : { port: grpc, host: '127.0.0.1' };
  const OPTIONS = JSON.stringify({
    openInference: { grpc: where, models },
    accessLog: false,
    ...options,
  });
  const env = { ...process.env, HOME_OF_MODELS: home, OPTIONS, HTTP: String(http) };
  const child = spawn(process.execPath, [APP], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout! });
  const begun = await Promise.race([once(lines, 'line'), ended.then(() => undefined)]);
  if (begun === undefined) throw new Error('The application with the models ended.');
  return {
    child,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
