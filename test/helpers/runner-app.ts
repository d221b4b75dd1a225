import { ConsoleLogger, type INestApplication } from '@nestjs/common';
import {
  getRunnerToken,
  VtsModule,
  type RunnableClass,
  type RunnerOptions,
  type RunnerOf,
} from 'nestjs-vts';
import { startApp } from './testing-app.js';

/** Warnings of an application, in place of the console. */
class Warnings extends ConsoleLogger {
  readonly lines: string[] = [];
  override log(): void {}
  override warn(message: unknown): void {
    this.lines.push(String(message));
  }
  override error(): void {}
}

/** An application with one runnable, and its runner. */
export interface RunnableApp<T> {
  readonly app: INestApplication;
  readonly runner: RunnerOf<T>;
  readonly warnings: readonly string[];
}

export async function startRunnable<T extends object>(
  runnable: RunnableClass<T>,
  name: string,
  options?: RunnerOptions,
): Promise<RunnableApp<T>> {
  const logger = new Warnings();
  const runners = options === undefined ? {} : { [name]: options };
  const app = await startApp(
    { imports: [VtsModule.forRoot({ runnables: [runnable], runners })] },
    { logger, app: (made) => made.useLogger(logger) },
  );
  return { app, runner: app.get(getRunnerToken(runnable)), warnings: logger.lines };
}
